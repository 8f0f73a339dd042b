"""HITL Console as an installed package, and its program `hitl-console`.

In the wheel this is `hitl_console/__init__.py`, and what a checkout has at its top lies next to it.
That folder goes to the front of the path: names such as `jobs` are found there, and are in nobody's
way elsewhere.
"""

import os
import sys
from importlib.metadata import version
from pathlib import Path

DEMO = ["serve", "--prepare", "--with-parent"]
"""What runs if no command is named: the same as `make run`."""
USAGE = """\
HITL Console {version}: people decide on machine-made patches.

usage: hitl-console [OPTIONS OF serve]
       hitl-console COMMAND [OPTIONS]

Without a command, it serves the console with a PostgreSQL and a Valkey of its own, demo users and
demo APVs, until Ctrl-C. `hitl-console --port 8004` uses another port.

Some of the commands:
  serve              serve, without the demo
  work               run jobs, as `serve` does by itself
  migrate            make or update the tables of the database
  createsuperuser    add the first user
  issue_token USER   make an API token, and print it
  seed_apvs          add demo APVs
  import_osv PATH    add patches of published advisories
  connect_forge      connect GitHub, GitLab, Gitea or Forgejo
  watch_repository   take in the pull requests of a repository

`hitl-console help COMMAND` describes one; `hitl-console help --commands` lists all.

Data is in {folder}, or where HITL_VAR says.
Settings are environment variables, or lines of a file .env in that folder. DATABASE_URL, REDIS_URL
and SECRET_KEY take servers of yours.
"""


def main() -> None:
    """Run the command that `sys.argv` names."""
    if os.name != "posix":
        sys.exit("error: HITL Console runs on Linux and macOS; on Windows, use WSL")
    folder = choose_folder()
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(version("hitl-console"))
        return
    if arguments in (["--help"], ["-h"], ["help"]):
        print(USAGE.format(version=version("hitl-console"), folder=folder))
        return
    if not arguments or arguments[0].startswith("-"):
        sys.argv[1:] = [*DEMO, *arguments]
    sys.path.insert(0, str(Path(__file__).parent))
    import manage  # type: ignore[import-not-found,unused-ignore]  # next to this file

    manage.run()


def choose_folder() -> Path:
    """Return the folder for data, and put it and its `.env` into the environment.

    It is the user's own folder for data unless HITL_VAR names another one.
    """
    from platformdirs import user_data_path

    folder = Path(os.environ.get("HITL_VAR") or user_data_path("hitl-console"))
    os.environ["HITL_VAR"] = str(folder)
    if (folder / ".env").exists():
        os.environ.setdefault("HITL_ENV_FILE", str(folder / ".env"))
    return folder
