"""One message: what happened, where, the page that shows it, and what to do; as a line and as Slack writes it.

Which messages there are is `news`' subject, sending them `slack`'s.
"""

from typing import NamedTuple

LONGEST = 2900
"""Characters of one text block; Slack refuses a message with more than 3000 in one."""
_CUT = " ... (cut)"


class Message(NamedTuple):
    """What people are told.

    Attributes:
        what: happened, as a headline.
        where: the run, shoot, asset or store.
        details: what is known of it; may be empty.
        link: the page of the Dagster UI that shows it.
        to_do: the next step, or that there is none.
        warns: whether something is wrong or waits for a person.
    """

    what: str
    where: str
    details: str
    link: str
    to_do: str
    warns: bool = True

    @property
    def line(self) -> str:
        """The message for the log, in one line."""
        said = "; ".join(" ".join(part.split()) for part in (self.where, self.details) if part)
        return f"{self.what} ({said}). To do: {self.to_do}. {self.link}"

    @property
    def slack_text(self) -> str:
        """The message for Slack, as one block of its markup."""
        details = f"\n{escaped(self.details)}" if self.details else ""
        tail = f"\n*To do:* {escaped(self.to_do)}\n<{self.link}|Open in Dagster>"
        head = f"*{escaped(self.what)}*\n{escaped(self.where)}{details}"
        return shortened(head, LONGEST - len(tail)) + tail


def escaped(text: str) -> str:
    """Text in which Slack sees no markup: a file name may hold <!channel>, which would wake everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shortened(text: str, longest: int) -> str:
    """Text of at most so many characters, never cut inside of an escaped character."""
    if len(text) <= longest:
        return text
    kept = text[: longest - len(_CUT)]
    begins = kept.rfind("&", max(0, len(kept) - len("&amp")))
    if begins >= 0 and ";" not in kept[begins:]:
        kept = kept[:begins]
    return kept + _CUT
