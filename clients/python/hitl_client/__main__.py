"""`python -m hitl_client` is the command `hitl`."""

from hitl_client.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
