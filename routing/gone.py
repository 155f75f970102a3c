"""The interactions that are over, remembered so that what comes late about them is known as late."""

GENERATION = 125_000


class Gone:
    """Last versions by id, of the latest 125,000 to 250,000. They are forgotten a generation at a time: to
    take the oldest out of one dictionary means to walk over all that was taken out before."""

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def __contains__(self, interaction: str) -> bool:
        return interaction in self._new or interaction in self._old

    def __setitem__(self, interaction: str, version: int) -> None:
        if len(self._new) >= GENERATION:
            self._old, self._new = self._new, {}
        self._new[interaction] = version

    def get(self, interaction: str) -> int | None:
        found = self._new.get(interaction)
        return self._old.get(interaction) if found is None else found

    def discard(self, interaction: str) -> None:
        self._new.pop(interaction, None)
        self._old.pop(interaction, None)
