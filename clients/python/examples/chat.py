"""Post each decision to a chat: python chat.py POSITIONS

HITL_URL and HITL_TOKEN say where the console is and who asks, CHAT_WEBHOOK_URL where to post, as
the incoming webhooks of Slack, Mattermost and Rocket.Chat take it. POSITIONS is a file that keeps
how far it came, so no decision is left out while it, the console or the chat is down.
"""

import html
import os
import sys
import time

import httpx

from hitl_client import Client, DecisionMade, HITLError, Message, Reload

AGAIN_SECONDS = 5.0


def main() -> None:
    webhook, positions = os.environ["CHAT_WEBHOOK_URL"], sys.argv[1]
    with Client() as hitl, httpx.Client() as chat:
        for message in hitl.follow("decisions", positions=positions):
            if text := text_of(message):
                post(chat, webhook, text)


def text_of(message: Message) -> str:
    """Return what to post. Names come from people and pull requests: they are text, not markup."""
    match message:
        case DecisionMade():
            text = f"{message.apv_code}: {message.decision} by {message.reviewer_name}"
        case Reload():
            text = "Some decisions were not posted here; see the console."
        case _:
            return ""
    return html.escape(text, quote=False)


def post(chat: httpx.Client, webhook: str, text: str) -> None:
    """Post until the chat takes it: only then the next decision is asked for."""
    while True:
        try:
            chat.post(webhook, json={"text": text}).raise_for_status()
            return
        except httpx.HTTPError as error:
            # Its text may have the webhook's address, which is a secret.
            print(f"The chat did not take it ({type(error).__name__}), again.", file=sys.stderr)
            time.sleep(AGAIN_SECONDS)


if __name__ == "__main__":
    try:
        main()
    except HITLError as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
