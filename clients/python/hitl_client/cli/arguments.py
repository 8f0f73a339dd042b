"""The command line: which commands there are, and what they take."""

from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable
from typing import Any, get_args

from hitl_client.base import PATIENCE_SECONDS, VERSION
from hitl_client.calls import MOST_OF_PAGE
from hitl_client.choices import DecisionKind, PatchStrategy, Severity, WargameVerdict
from hitl_client.cli import commands
from hitl_client.exchange import MOST_PATIENCE

DESCRIPTION = "Add APVs, read the queue, decide and watch on a HITL Console."
EPILOG = """\
environment:
  HITL_URL         the server, such as https://hitl.example.com; --url goes first
  HITL_TOKEN       the API token: `manage.py issue_token USER` or the administration makes one
  HITL_TOKEN_FILE  a file with the token in it, if HITL_TOKEN is unset
  HITL_ALLOW_HTTP  1 sends the token over plain HTTP to other machines too
  SSL_CERT_FILE    the certificates to trust
  NO_COLOR         any text: no colours, as if this were no terminal

exit codes:
  0    done
  1    the server refused it: a field is not as it must be, or there is no such thing
  2    the command line, a file or the environment is not as it must be
  3    the token is not valid, or its user may not do this
  4    the server cannot be reached or cannot answer; try again later
  5    somebody was first: decided already, or changed since the version that you read
  70   a fault of this program
  130  interrupted
"""
ADD = """\
A file has one APV as a JSON object, a list of them, or one on each line; - reads
standard input. They are sent in batches of 100, each of which is added whole or not
at all. The same batch again within a day, by the same user, adds nothing again, so
the command can be repeated whenever it failed.
"""
WATCH = """\
Tells each event once it happened, for ever. With --positions it goes on where it left
off, also after it was killed; an event that it was just telling then comes again.
"reload" says that events of a channel are lost, and its list must be read again.
"""


def parser() -> ArgumentParser:
    """Return the parser of the whole command line."""
    made = ArgumentParser(
        "hitl", description=DESCRIPTION, epilog=EPILOG, formatter_class=RawDescriptionHelpFormatter
    )
    made.add_argument("--version", action="version", version=f"hitl-client {VERSION}")
    which = made.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _queue(_command(which, "queue", commands.queue, "list the APVs that wait for a decision"))
    _show(_command(which, "show", commands.show, "show one APV with its diff"))
    _add(_command(which, "add", commands.add, "add the APVs of files", ADD))
    _decide(_command(which, "decide", commands.decide, "decide on an APV"))
    _retract(_command(which, "retract", commands.retract, "take a decision back"))
    _report(_command(which, "report", commands.report, "report what became of a decision"))
    _watch(_command(which, "watch", commands.watch, "tell what happens, as it happens", WATCH))
    return made


def _command(
    which: Any, name: str, run: Callable[..., None], does: str, more: str = ""
) -> ArgumentParser:
    made: ArgumentParser = which.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.\n\n{more}".strip(),
        epilog="`hitl --help` has the environment variables and exit codes.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    made.add_argument("--url", metavar="URL", help="the server (default: HITL_URL)")
    made.add_argument("--json", action="store_true", help="one JSON object on each line")
    if run is not commands.watch:
        made.add_argument(
            "--patience",
            metavar="SECONDS",
            type=_patience,
            default=PATIENCE_SECONDS,
            help="how long to try while the server does not answer (default: %(default)g)",
        )
    made.set_defaults(run=run)
    return made


def _queue(command: ArgumentParser) -> None:
    command.add_argument("--severity", type=str.upper, choices=get_args(Severity))
    command.add_argument("--strategy", dest="patch_strategy", choices=get_args(PatchStrategy))
    command.add_argument("--verdict", dest="wargame_verdict", choices=get_args(WargameVerdict))
    command.add_argument("--ecosystem", dest="package_ecosystem", metavar="NAME")
    command.add_argument("--package", dest="package_name", metavar="TEXT", help="part of its name")
    command.add_argument("--search", metavar="TEXT", help="part of code, CVE, package or texts")
    command.add_argument(
        "--limit", type=_limit, default=50, metavar="N", help=f"1 to {MOST_OF_PAGE} (default: 50)"
    )
    command.add_argument("--all", action="store_true", help="the whole queue")


def _show(command: ArgumentParser) -> None:
    command.add_argument("apv", metavar="APV", help="its code or id")


def _add(command: ArgumentParser) -> None:
    command.add_argument("files", nargs="+", metavar="FILE")
    command.add_argument("--diff", metavar="FILE", help="the patch of the one APV")
    command.add_argument(
        "--set",
        dest="fields",
        action="append",
        default=[],
        type=_field,
        metavar="FIELD=TEXT",
        help="a field of each APV, such as pr_number=7; again for others",
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument(
        "--key",
        metavar="TEXT",
        help="what makes this addition one: the same key adds nothing again, such as the id of a"
        " pipeline's run (default: the APVs themselves)",
    )
    which.add_argument("--again", action="store_true", help="add them even if they came before")


def _decide(command: ArgumentParser) -> None:
    command.add_argument("apv", metavar="APV", help="its code or id")
    command.add_argument("decision", choices=get_args(DecisionKind))
    command.add_argument("--justification", required=True, metavar="TEXT", help="why")
    command.add_argument(
        "--version",
        type=_count,
        metavar="N",
        help="the version that you read, as `hitl show` says: refuses if it changed since",
    )
    command.add_argument("--confidence", type=float, metavar="0…1", help="how sure you are")
    command.add_argument(
        "--modifications", metavar="FILE", help="for modify: what to change, as a JSON object"
    )


def _retract(command: ArgumentParser) -> None:
    command.add_argument("decision", metavar="DECISION", help="its id")
    command.add_argument("--reason", required=True, metavar="TEXT")


def _report(command: ArgumentParser) -> None:
    command.add_argument("decision", metavar="DECISION", help="its id")
    command.add_argument("outcome", choices=("done", "failed"))
    command.add_argument("--notes", default="", metavar="TEXT")
    command.add_argument("--link", default="", metavar="URL", help="where people can see it")


def _watch(command: ArgumentParser) -> None:
    command.add_argument(
        "channels",
        nargs="*",
        metavar="CHANNEL",
        help="apvs, decisions, changes or stats (default: the first three)",
    )
    command.set_defaults(patience=PATIENCE_SECONDS)  # it follows for ever
    command.add_argument("--positions", metavar="FILE", help="where it keeps how far it came")


def _field(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise ArgumentTypeError(f"give FIELD=TEXT, not {text!r}")
    return name, value


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 10**9):
        raise ArgumentTypeError(f"give a whole number from 1 on, not {text!r}")
    return int(text)


def _limit(text: str) -> int:
    if (count := _count(text)) > MOST_OF_PAGE:
        raise ArgumentTypeError(f"give at most {MOST_OF_PAGE}, or --all")
    return count


def _patience(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= MOST_PATIENCE:
        raise ArgumentTypeError(f"give 0 to {MOST_PATIENCE} seconds, not {text!r}")
    return seconds
