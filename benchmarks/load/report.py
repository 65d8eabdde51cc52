"""A load's outcome in words and tables, and whether it is what is promised."""

import statistics

from benchmarks.load.run import GREEDY, HONEST, Outcome, Plan

LEAST_LEFT = 0.9
"""Of the honest caller's requests."""


def left_to_the_honest(outcome: Outcome) -> float:
    """Which part of its requests was accepted; 1 for none sent."""
    account = outcome.accounts[HONEST]
    return account.accepted / account.sent if account.sent else 1.0


def holds(outcome: Outcome) -> bool:
    """Whether nothing was lost, every refusal had a time to come back, and the honest caller its part."""
    in_time = not any(account.without_time for account in outcome.accounts.values())
    return not outcome.lost and in_time and left_to_the_honest(outcome) >= LEAST_LEFT


def table(plan: Plan, outcome: Outcome) -> str:
    """As Markdown."""
    lines = [
        f"{plan.seconds:.0f} s, {plan.watchers} watchers, {plan.uploaders} uploaders, seed {plan.seed}",
        "",
        "| caller | sent | accepted | refused | without a time to come back | no answer |",
        "|---|---|---|---|---|---|",
    ]
    for name, address in (("honest", HONEST), ("greedy", GREEDY)):
        account = outcome.accounts[address]
        lines.append(
            f"| {name} | {account.sent} | {account.accepted} | {_counts(account.refused)} "
            f"| {_counts(account.without_time)} | {_counts(account.unanswered)} |"
        )
    lines += [
        "",
        f"Accepted, and how they ended: {_counts(outcome.states)}; lost: {len(outcome.lost)}.",
        f"Watches: {_counts(outcome.watches)}. Left to the honest caller: {100 * left_to_the_honest(outcome):.1f} %.",
        "",
        "| stage | p50 s | p95 s | p99 s |",
        "|---|---|---|---|",
    ]
    for stage, seconds in outcome.stages.items():
        lines.append(f"| {stage} | " + " | ".join(f"{_percentile(seconds, part):.2f}" for part in (50, 95, 99)) + " |")
    return "\n".join(lines)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "0"


def _percentile(values: list[float], part: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1] if len(values) > 1 else values[0]
