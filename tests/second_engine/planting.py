"""Wrong policies, planted one at a time: does the comparison find each of them?

Every forbidding policy is left out once, and every bound is moved by its one instant (`<` for `<=`
and back). A wrong policy that is not found means that the generated cases never come to that spot.
The limit: a bound that is moved where both sides can never be equal would be the same policy.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context

from tests.second_engine.cedar import SecondEngine, policy_text
from tests.second_engine.comparing import Comparison
from tests.second_engine.rows import generated

BOUND = re.compile(r" <=? ")


def wrong_policies() -> Iterator[tuple[str, str]]:
    """Yield what is wrong and the text of all policies with that one wrong."""
    text = policy_text()
    for policy in re.split(r"(?=@id\()", text):
        if "\nforbid(" in policy:
            name = policy.split('"')[1]
            yield f"left out: {name}", text.replace(policy, "")
            for number, bound in enumerate(BOUND.finditer(policy), 1):
                other = " < " if bound.group() == " <= " else " <= "
                moved = policy[: bound.start()] + other + policy[bound.end() :]
                yield f"bound {number} moved: {name}", text.replace(policy, moved)


def survivors(seed: int, cases: int) -> tuple[int, list[str]]:
    """Return how many wrong policies were planted, and those that so many cases do not find."""
    planted = list(wrong_policies())
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        found = pool.map(_is_found, [(text, seed, cases) for _, text in planted])
        return len(planted), [
            name for (name, _), is_found in zip(planted, found, strict=True) if not is_found
        ]


def _is_found(wrong: tuple[str, int, int]) -> bool:
    text, seed, cases = wrong
    return Comparison(SecondEngine(text)).first(islice(generated(seed), cases)) is not None
