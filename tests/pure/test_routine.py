"""What a routine is made of, and how it is called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from pure.maderoutines import Count, Job, running, scale, words
from routilux import policies
from routilux.errors import FlowError, NotRunningError
from routilux.function import routine
from routilux.routine import Event, Routine, Slot

# --- ports and configuration ---


def test_a_class_declares_its_ports_in_order() -> None:
    count = Count(locale="en")
    assert count.slot_names == ("word", "page")
    assert count.event_names == ("total", "other")
    assert count.slots["page"].copy
    assert count.activation_policy == policies.batch_size(10)


def test_a_subclass_adds_behind_its_base_and_a_redefined_port_keeps_its_place() -> None:
    class Wide(Count):
        line = Slot()
        word = Slot(copy=True)
        other = None  # type: ignore[assignment]  # takes the event away

    assert Wide(locale="en").slot_names == ("word", "page", "line")
    assert Wide(locale="en").slots["word"].copy
    assert Wide(locale="en").event_names == ("total",)


def test_configuration_is_the_annotated_attributes() -> None:
    count = Count(minimum=2, locale="en")
    assert count.config == {"minimum": 2, "stop_words": [], "locale": "en"}
    assert (count.minimum, count.locale) == (2, "en")


def test_a_mutable_default_belongs_to_one_instance() -> None:
    Count(locale="en").stop_words.append("the")
    assert Count(locale="en").stop_words == []


def test_unknown_and_missing_configuration_are_reported_together() -> None:
    with pytest.raises(FlowError) as raised:
        Count(minimun=2)
    assert raised.value.faults == (
        "Count has no configuration 'minimun': did you mean 'minimum'?",
        "Count needs the configuration 'locale': give it as Count(locale=...)",
    )


def test_an_own_init_is_refused() -> None:
    class Own(Routine):
        def __init__(self) -> None:
            pass

    with pytest.raises(FlowError, match=r"Own defines __init__.*setup\(\)"):
        Own()


@pytest.mark.parametrize("name", ["emit", "state", "logic", "job", "_emitters"])
def test_a_name_that_every_routine_uses_cannot_be_a_port(name: str) -> None:
    with pytest.raises(FlowError, match=f"Mine.{name}: '{name}' means something else"):
        type("Mine", (Routine,), {name: Event()})


def test_a_port_that_was_only_annotated_is_refused() -> None:
    with pytest.raises(FlowError, match=r"Mine.total is annotated as a port.*total = Event\(\)"):
        type("Mine", (Routine,), {"__annotations__": {"total": "Event[int]"}})


def test_a_routine_without_slots_has_a_trigger() -> None:
    class Source(Routine):
        def logic(self) -> None:
            pass

    assert Source().slot_names == ("trigger",)


# --- built in code ---


def test_a_routine_can_be_built_in_code() -> None:
    built = Routine().set_logic(lambda a: a + 1).set_activation_policy(policies.whole_job())
    assert built.add_slot("a", type=int).type is int
    assert built.add_event("b").name == "b"
    assert (built.slot_names, built.event_names) == (("a",), ("b",))
    assert built.activation_policy == policies.whole_job()


@pytest.mark.parametrize("name", ["word", "job", "not a name", ""])
def test_a_slot_name_is_refused_when_taken_or_unfit(name: str) -> None:
    with pytest.raises(FlowError, match="Count"):
        Count(locale="en").add_slot(name)


@pytest.mark.parametrize("name", ["total", "emit", "logic", "1st"])
def test_an_event_name_is_refused_when_taken_or_unfit(name: str) -> None:
    with pytest.raises(FlowError, match="Count"):
        Count(locale="en").add_event(name)


def test_logic_that_names_self_gets_the_routine() -> None:
    built = (
        Routine().set_logic(lambda self, a: self.b.emit(a * 2)).set_finish(lambda self: self.emit("b", "end"))
    )
    built.add_slot("a")
    built.add_event("b")
    invoker, recorder = running(built)
    invoker.call([4], None, Job())
    invoker.finish()
    assert recorder.values == [8, "end"]


def test_logic_without_self_has_its_result_emitted() -> None:
    built = Routine().set_logic(lambda a: a * 2).set_finish(lambda: "end")
    built.add_slot("a")
    built.add_event("b")
    invoker, recorder = running(built)
    invoker.call([4], None, Job())
    invoker.finish()
    assert recorder.values == [8, "end"]


# --- functions ---


def test_a_routine_function_can_still_be_called() -> None:
    assert list(words("a b")) == ["a", "b"]
    assert (words.__name__, words.__module__) == ("words", "pure.maderoutines")


def test_the_parameters_of_a_function_are_its_slots() -> None:
    add = routine(lambda a, b, job, policy_message=None: a + b)
    assert add.slot_names == ("a", "b")
    assert add.event_names == ("output",)
    assert add.activation_policy == policies.all_slots_ready()
    assert words.activation_policy == policies.immediate()


def test_the_decorator_takes_a_policy() -> None:
    @routine(policy=policies.batch_size(3))
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    assert total.activation_policy == policies.batch_size(3)


def test_keyword_only_parameters_are_configuration() -> None:
    triple = scale.configure(factor=3)
    assert (scale.config, triple.config) == ({"factor": 2}, {"factor": 3})
    assert (scale(2), triple(2), triple(2, factor=5)) == (4, 6, 10)
    with pytest.raises(FlowError, match="'facto': did you mean 'factor'"):
        scale.configure(facto=3)


def test_a_function_whose_slots_cannot_be_told_is_refused() -> None:
    with pytest.raises(FlowError, match=r"takes \*args or \*\*kwargs"):
        routine(lambda *values: values)


def test_an_async_function_is_refused() -> None:
    async def fetch(url: str) -> str:
        return url

    async def lines(url: str) -> AsyncIterator[str]:
        yield url

    for function in (fetch, lines):
        with pytest.raises(FlowError, match=f"'{function.__name__}' is async"):
            routine(function)


# --- calling ---


def test_a_result_is_emitted_unless_it_is_none() -> None:
    invoker, recorder = running(scale)
    assert invoker.run is not None
    for number in (2, 0):
        assert invoker.settle(invoker.run(number)) is None
    assert invoker.call([3], None, Job()) is None
    assert recorder.values == [4, 6]


def test_a_generator_runs_as_far_as_it_is_driven() -> None:
    invoker, recorder = running(words)
    steps = invoker.call(["a b c"], None, Job())
    assert steps is not None
    assert steps.take(2)
    assert recorder.values == ["a", "b"]
    assert [steps.take(2), steps.take(2)] == [True, False]
    assert recorder.values == ["a", "b", "c"]


def test_a_function_that_returns_a_generator_gives_it_to_the_engine() -> None:
    invoker, recorder = running(routine(lambda n: (i for i in range(n))))
    assert invoker.run is not None
    steps = invoker.settle(invoker.run(3))
    assert steps is not None
    assert recorder.values == []
    assert steps.take(3)
    assert recorder.values == [0, 1, 2]


def test_the_message_and_the_job_are_given_to_those_who_name_them() -> None:
    def tell(a: int, policy_message: str, *, job: Job) -> tuple[int, str, str]:
        return a, policy_message, job.job_id

    invoker, recorder = running(routine(tell))
    assert invoker.run is None
    invoker.call([1], "key", Job("8"))
    assert recorder.values == [(1, "key", "8")]


def test_only_plain_immediate_logic_of_one_slot_is_fast() -> None:
    batches = routine(policy=policies.batch_size(2))(lambda a: a)
    candidates: list[Routine] = [scale, words, routine(lambda a, b: a), batches, routine(lambda: 1)]
    assert [running(each)[0].run is not None for each in candidates] == [True, False, False, False, False]


def test_a_trigger_is_passed_only_to_a_parameter() -> None:
    for function in (lambda: "ran", lambda trigger: trigger):
        invoker, recorder = running(routine(function))
        invoker.call(["ran"], None, Job())
        assert recorder.values == ["ran"]


def test_a_class_that_returns_a_value_is_told_to_emit_it() -> None:
    class Returns(Routine):
        a = Slot()
        b = Event()

        def logic(self, a: int) -> int:
            return a

    invoker, _ = running(Returns())
    with pytest.raises(TypeError, match=r"logic of routine 'Returns' returned a int.*emit it"):
        invoker.settle(1)
    with pytest.raises(TypeError, match="which goes nowhere"):
        invoker.call([1], None, Job())


def test_a_class_may_yield_to_its_only_event() -> None:
    class Yields(Routine):
        a = Slot()
        b = Event()

        def logic(self, a: int) -> Iterator[int]:
            yield a

        def finish(self) -> Iterator[str]:
            yield "end"

    invoker, recorder = running(Yields())
    for steps in (invoker.call([1], None, Job()), invoker.finish()):
        assert steps is not None
        assert steps.take(2)
    assert recorder.values == [1, "end"]


def test_a_routine_without_finish_ends_quietly() -> None:
    assert not words.has_finish
    assert running(words)[0].finish() is None


# --- what a running routine may do ---


def test_an_event_emits_through_the_engines_own_callable() -> None:
    count = Count(locale="en")
    _, recorder = running(count)
    assert count.total.emit is recorder.emitters[0]


def test_emit_takes_a_value_or_fields() -> None:
    count = Count(locale="en")
    _, recorder = running(count)
    count.emit("other", 3)
    count.emit("total", word="a", n=1)
    assert recorder.emitted == [(1, 3), (0, {"word": "a", "n": 1})]
    with pytest.raises(TypeError, match="not both"):
        count.emit("total", 3, n=1)


def test_an_unknown_event_gets_the_nearest() -> None:
    count = Count(locale="en")
    running(count)
    with pytest.raises(FlowError, match="Count has no event 'totl': did you mean 'total'"):
        count.emit("totl", 3)


def test_a_running_routine_sees_its_process() -> None:
    count = Count(locale="en")
    _, recorder = running(count)
    count.flush(cursor=12)
    assert (count.cursor, count.state, count.job) == (12, recorder.state, recorder.job)
    assert (count.message_id, count.log) == (recorder.message_id, recorder.log)
    assert count.loan("other", (2, 2), "u1") == (1, (2, 2), "u1")


@pytest.mark.parametrize(
    "use",
    [lambda r: r.state, lambda r: r.emit("total", 1), lambda r: r.total.emit(1), lambda r: r.flush()],
)
def test_a_routine_that_nothing_runs_says_so(use: Callable[[Count], object]) -> None:
    with pytest.raises(NotRunningError, match="'Count' is not running"):
        use(Count(locale="en"))
