"""`mlrun doctor`."""

import typer

from mlrun.cli.shared.options import DEFAULT_RUNS_DIR, AsJson, RunsDir, examples
from mlrun.cli.shared.output import print_json

NAME = "doctor"
EXAMPLES = examples("mlrun doctor", "mlrun doctor --json | jq '.findings[] | select(.status != \"ok\")'")


def command(as_json: AsJson = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR) -> None:
    """Check whether this machine has what training needs.

    Prints one line for each check: ok, "note" if most things work without it, or "broken" if training needs it. Lines
    that are not ok say what to do. The exit code is 1 if something is broken.
    """
    from mlrun.doctor import BROKEN, examine

    findings = []
    for finding in examine(runs_dir):
        findings.append(finding)
        if not as_json:
            remedy = f"; {finding.remedy}" if finding.remedy else ""
            typer.echo(f"{finding.status:<8}{finding.subject:<19}{finding.text}{remedy}")
    healthy = all(finding.status != BROKEN for finding in findings)
    if as_json:
        print_json({"ok": healthy, "findings": [vars(finding) for finding in findings]})
    if not healthy:
        raise typer.Exit(1)
