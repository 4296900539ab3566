"""Here is JobOver, by which a worker gets out of user code when there is no point in going on."""


class JobOver(BaseException):  # like GeneratorExit a signal, which user code must not take for an error
    """The job was cancelled, or the process must stop, while its logic waited."""
