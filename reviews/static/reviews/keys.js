/** The keyboard: single keys, off inside fields and dialogs. */

const VERBS = { a: "approve", r: "reject", m: "modify", e: "escalate" };

export function keys(queue, reading, decision) {
  const actions = {
    j: () => go(1),
    k: () => go(-1),
    ArrowDown: () => go(1),
    ArrowUp: () => go(-1),
    n: () => queue.letIn(),
    "/": () => document.getElementById("id_search").focus(),
    "?": help,
  };

  function go(step) {
    const row = queue.neighbour(step);
    row?.querySelector("a").focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  function help() {
    document.getElementById("help").showModal();
  }

  function pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (field) {
      if (event.key === "Escape") field.blur();
      if (field.type !== "radio" || event.key.startsWith("Arrow")) return;
    }
    if (document.querySelector("dialog[open]") || decision.waits()) return;
    if (event.key.startsWith("Arrow") && !inQueue(event.target)) return; // panes scroll by these
    if (act(event.key)) event.preventDefault();
  }

  function inQueue(element) {
    return element === document.body || element.id === "content" || element.closest?.("#list");
  }

  function act(key) {
    if (key in actions) actions[key]();
    else if (key in VERBS) decision.choose(VERBS[key]);
    else return /^[1-9]$/.test(key) && reading.show(Number(key));
    return true;
  }

  document.addEventListener("keydown", pressed);
  document.addEventListener("click", (event) => {
    if (event.target.closest("#help-button")) help();
  });
}
