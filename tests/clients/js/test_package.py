"""The npm package: what is in it, and projects that install it."""

import asyncio
import json
import tarfile
from pathlib import Path

import pytest

from hitl_project import __version__
from tests.support import npm
from tests.support.people import api, issue
from tests.support.react_app import added
from tests.support.site import ROOT, Server, Site

CORE = ROOT / "realtime" / "static" / "realtime" / "socket.js"
TYPES = {"csstype": "csstype", "@types/prop-types": "@types/prop-types"}

USE = """\
import {
  type ChannelMessage,
  connect,
  fetchTicket,
  MessageType,
  type Positions,
  SharedConnection,
  type Status,
} from "hitl-console";

const kept: Positions = { apvs: { epoch: "e", offset: 1 } };
const line = connect({
  url: "wss://console.example.com/hitl/ws",
  channels: ["apvs"],
  positions: kept,
  onMessage: (message: ChannelMessage) => {
    if (message.type === MessageType.NEW_APV) console.log(message.package_name.length);
    // @ts-expect-error: only some messages have it
    message.package_name;
  },
  onStatus: (status: Status) => console.log(status === "live"),
  onReload: async (tops) => tops,
});
line.close();
const shared = new SharedConnection({ ticket: () => fetchTicket("/ticket"), storage: null });
const stop: () => void = shared.listen({ channels: ["apvs"] });
stop();
// @ts-expect-error: no such option
new SharedConnection({ urls: "/hitl/ws" });
"""
USE_IN_REACT = """\
import { createElement } from "react";
import { SharedConnection } from "hitl-console";
import { HITLProvider, MessageType, useHITL } from "hitl-console/react";
import { useWebSocket, WebSocketStatus } from "hitl-console/react";

const connection = new SharedConnection();

export function Console() {
  const socket = useWebSocket({
    url: "ws://localhost/hitl/ws",
    channels: ["apvs"],
    onMessage: (message) => {
      if (message.type === MessageType.DECISION_MADE) console.log(message.reviewer_name.trim());
    },
    autoConnect: true,
    reconnectInterval: 5000,
    maxReconnectAttempts: 10,
  });
  const isConnected: boolean = socket.status === WebSocketStatus.CONNECTED;
  const id: string | null = socket.clientId;
  socket.subscribe(["stats"]);
  // @ts-expect-error: the address is needed
  useWebSocket({ channels: [] });
  return createElement("p", null, String(isConnected), id);
}

export function Feed() {
  const { status, isLive, forbidden, retry } = useHITL({
    channels: ["apvs"],
    invalidates: { new_apv: [["reviews"]] },
  });
  // @ts-expect-error: no such message
  useHITL({ invalidates: { new_apvs: [["reviews"]] } });
  const names: string[] = forbidden;
  return createElement("button", { onClick: retry, disabled: isLive }, status, names);
}

export const page = createElement(HITLProvider, { connection }, createElement(Feed));
"""
PROGRAM = """\
import { connect, fetchTicket } from "hitl-console";

const [console_, token, positions] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };
const line = connect({
  url: `${console_}/hitl/ws`,
  channels: ["apvs"],
  positions: JSON.parse(positions),
  open: (url) => new WebSocket(url, { headers }),
  onMessage: (message) => {
    console.log(message.apv_id);
    if (message.package_name === "last") line.close();
  },
  onStatus: () => {},
  onReload: async (tops) => tops,
});
console.log((await fetchTicket(`${console_}/hitl/ws/ticket`, { headers })).length > 20);
"""


def options(folder: Path, **changed: object) -> None:
    common = {
        "strict": True,
        "noEmit": True,
        "target": "es2022",
        "types": [],
        "skipLibCheck": False,
    }
    config = {"compilerOptions": {**common, **changed}, "files": ["use.ts"]}
    (folder / "tsconfig.json").write_text(json.dumps(config))


def test_core_is_the_file_that_the_console_uses(archive: Path) -> None:
    with tarfile.open(archive) as package:
        core = package.extractfile("package/dist/realtime/socket.js")
        assert core
        assert core.read() == CORE.read_bytes()


def test_package_holds_what_it_needs_and_nothing_else(archive: Path) -> None:
    with tarfile.open(archive) as package:
        names = {name.removeprefix("package/") for name in package.getnames()}
    sources = ROOT / "clients" / "js" / "src"
    modules = {f"dist/{path.relative_to(sources)}" for path in sources.rglob("*.js")}
    modules.add("dist/realtime/socket.js")
    types = {name.replace(".js", ".d.ts") for name in modules}
    assert names == {"package.json", "README.md", "dist/LICENSE", *modules, *types}


def test_package_depends_on_nothing_and_has_the_version_of_the_project() -> None:
    package = json.loads((ROOT / "clients" / "js" / "package.json").read_text())
    assert package["version"] == __version__
    assert "dependencies" not in package
    assert package["peerDependencies"].keys() == package["peerDependenciesMeta"].keys() == {"react"}
    assert package["peerDependenciesMeta"]["react"]["optional"]


@pytest.mark.parametrize(
    "resolution",
    [{"module": "nodenext"}, {"module": "esnext", "moduleResolution": "bundler"}],
    ids=["nodenext", "bundler"],
)
def test_empty_project_type_checks_without_react(
    archive: Path, tmp_path: Path, resolution: dict[str, str]
) -> None:
    npm.install(tmp_path, archive)
    (tmp_path / "use.ts").write_text(USE)
    options(tmp_path, **resolution)
    assert npm.tsc(tmp_path) == ""
    installed = [path.name for path in (tmp_path / "node_modules").glob("[!.]*")]
    assert installed == ["hitl-console"]


def test_wrong_use_is_an_error_of_types(archive: Path, tmp_path: Path) -> None:
    npm.install(tmp_path, archive)
    (tmp_path / "use.ts").write_text(USE.replace("@ts-expect-error", "wrong"))
    options(tmp_path, module="nodenext")
    errors = npm.tsc(tmp_path, check=False)
    assert "'package_name' does not exist" in errors
    assert "'urls' does not exist" in errors


@pytest.mark.parametrize("version", ["18", "19"])
def test_project_with_react_type_checks(archive: Path, tmp_path: Path, version: str) -> None:
    suffix = "" if version == "19" else version
    react = {"react": f"react{suffix}", "@types/react": f"@types/react{suffix}"}
    npm.install(tmp_path, archive, {**TYPES, **react})
    (tmp_path / "use.ts").write_text(USE_IN_REACT)
    options(tmp_path, module="nodenext")
    assert npm.tsc(tmp_path) == ""


@pytest.mark.parametrize("version", ["18", "19"])
def test_page_is_rendered_on_a_server_without_a_socket(
    archive: Path, tmp_path: Path, version: str
) -> None:
    suffix = "" if version == "19" else version
    others = {"react": f"react{suffix}", "react-dom": f"react-dom{suffix}"}
    npm.install(tmp_path, archive, {**others, "scheduler": "scheduler"})
    (tmp_path / "render.js").write_text("""\
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { useHITL, useWebSocket } from "hitl-console/react";

const Page = () => [useHITL().status, useWebSocket({ url: "/hitl/ws" }).status].join();
globalThis.WebSocket = class { constructor() { throw new Error("opened"); } };
console.log(renderToString(createElement(Page)));
""")
    assert npm.node("render.js", folder=tmp_path) == "closed,disconnected\n"


async def test_program_follows_without_a_page(
    archive: Path, tmp_path: Path, server: Server, site: Site
) -> None:
    token = issue(site, "reviewer")
    with api(server, f"Bearer {token}") as client:
        positions = client.get("/hitl/reviews?limit=1").json()["positions"]
    told = added(server, 3)
    npm.install(tmp_path, archive)
    (tmp_path / "follow.js").write_text(PROGRAM)
    arguments = ("follow.js", server.origin, token, json.dumps(positions))
    running = asyncio.create_task(asyncio.to_thread(npm.node, *arguments, folder=tmp_path))
    told.append(server.add_apv(package_name="last")["apv_id"])
    printed = (await running).split()
    assert sorted(printed) == sorted(["true", *told])
    assert [line for line in printed if line != "true"] == told
