"""Input of providers that repeat everything typed in a session, joined with `*`, at every screen.

Africa's Talking and Safaricom do. The typed text may itself hold a `*`, so what is new is never found by splitting:
it is what follows the input already known.
"""

SEPARATOR = "*"


def remainder(before: str, now: str) -> str | None:
    """What was typed since `before`, given the whole accumulated input `now`.

    Nothing accumulated yet (`before` is ""): all of `now` is new. That is the answer to the first screen, or choices
    that were dialled along with the code (`*1234*1*1#` arrives as "1*1").
    Equal inputs: "" - nothing is new, the request is a repeat and its screen is shown again. An empty answer also
    leaves "", but `now` is then longer than `before` by its separator.
    None when `now` does not continue `before`: the two sides disagree, and the caller starts over from `now`.
    """
    if now == before:
        return ""
    if not before:
        return now
    if not now.startswith(before + SEPARATOR):
        return None
    return now[len(before) + len(SEPARATOR) :]
