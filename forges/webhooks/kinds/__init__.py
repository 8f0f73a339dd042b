"""How each kind of forge signs its webhooks, and what they say."""

from forges.choices import ForgeKind
from forges.webhooks.kinds import gitea, github, gitlab
from forges.webhooks.kinds.base import Kind

KINDS: dict[str, Kind] = {
    ForgeKind.GITHUB: Kind(github.is_signed, github.delivery_id, github.event, github.hint),
    ForgeKind.GITLAB: Kind(gitlab.is_signed, gitlab.delivery_id, gitlab.event, gitlab.hint),
    ForgeKind.GITEA: Kind(gitea.is_signed, gitea.delivery_id, gitea.event, gitea.hint),
}
