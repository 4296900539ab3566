"""Here are the mistakes that the data plane could make, seeded one at a time; the model must catch each.

A model that passes proves little unless it can fail.
"""

from enum import StrEnum


class Bug(StrEnum):
    """What is done wrong; the value says what exactly."""

    ACK_ON_RECEIVE = "consumed is stored when the inputs are chosen, before the commit"
    NO_COMMIT_WORD = "the stores follow the activation straight away, without a commit word"
    NO_REDO = "what a dead process had committed and not stored is forgotten"
    RELATIVE_REDO = "redo adds to the counters instead of storing absolute values"
    BELL_IS_TRUTH = "a new incarnation waits for a doorbell before it looks at its lanes"
    CREATED_AFTER_PUBLISHED = "messages can be seen before they are counted"
    RETIRED_BEFORE_CONSUMED = "messages are counted off while they still lie in the lane"
    CREATED_READ_FIRST = "the supervisor sums created before retired"
    RECOVERED_BEFORE_REAPED = "a process that is only stopped is recovered, and wakes up again"
    NO_CREDIT = "the consumer of a full lane does not wake its producer"
    NO_RESYNC = "after a recovery nobody is told to look at the lanes again"
    OUTBOX_IN_MEMORY = "what waits for room is not in the pending store"
    REST_NOT_STORED = "an emission of which a part was sent stays whole in the pending store"
    USED_NOT_STORED = "consumed is a position only, not how much of the frame at the head is used"
    EMIT_BLOCKS = "a routine in a cycle waits for room before it commits"
    INNER_LANES_WAIT = "a worker that waits for room does not empty its lanes in the cycle"
    HEADS_ONLY = "only the heads of the lanes are looked at, nothing is taken out of the way"
    FLUSHED_AT_ONCE = "all levels get their tokens at the same time"
    TOKENS_NOT_REDONE = "the supervisor does not carry out its own log when it resumes"
    DEAD_WITHOUT_TAGS = "a dead letter leaves no frame for its order tag"
    FILTERED_WITHOUT_TAGS = "a message that emits nothing leaves no frame for its order tag"
    MERGE_PARKS = "what waits for its turn in an ordered merge is retired"
    PARKED_TOO_EARLY = "messages are retired though the policy has not declined them"
    PARKED_NOT_STORED = "the record of retired messages does not say so, and they are retired again"
    FINAL_IN_MEMORY = "a new incarnation does not know that the job's end has been told"
    PINS_IGNORED = "a producer frees what all lanes have passed, pinned or not"
    PINS_READ_FIRST = "a producer reads the pins before the positions"
    PINNED_AFTER_COMMIT = "a consumer pins after it has passed the frame"
    PINS_DROPPED = "a new incarnation drops the pins of its records, too"
    PINS_LEFT = "a new incarnation keeps the pins of the records that never came to be"
    NOT_CAREFUL = "after a death many messages are taken into one commit as before"
    POISON_KEPT = "the dead letter is committed and the message is run all the same"
