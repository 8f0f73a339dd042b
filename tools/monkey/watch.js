/** Runs before the page's own scripts: reports what is confirmed, and keeps the page busy. */

(() => {
  /** @param {string} selector */
  const text = (selector) => document.querySelector(`#confirm ${selector}`)?.textContent ?? null;

  /**
   * What a form shows when it is sent, which is recorded at once if there is nothing to ask.
   *
   * @param {SubmitEvent} event
   */
  function sent({ target }) {
    if (!(target instanceof HTMLFormElement) || target.id !== "decision-form") return;
    const fields = new FormData(target);
    const [keys, values] = ["key", "value"].map((name) => fields.getAll(`modifications-${name}`));
    /** @type {any} */ (window).tellSent({
      code: target.dataset.draft,
      kind: fields.get("decision"),
      justification: String(fields.get("justification")).trim(),
      confidence: fields.get("confidence"),
      modifications: (keys ?? []).map((key, at) => [key, values?.[at]]).filter(([key]) => key),
    });
  }

  /** @param {SubmitEvent} event */
  function confirmed({ target, submitter }) {
    const isAsked = target instanceof Element && target.closest("#confirm");
    if (!isAsked || !submitter?.matches(".primary")) return;
    const pairs = [...document.querySelectorAll("#confirm .pairs > div")];
    /** @type {HTMLInputElement | null} */
    const seal = document.querySelector("#confirm [name=question]");
    /** @type {any} */ (window).tellConfirmed({
      title: text("h2"),
      justification: text(".given .prose"),
      confidence: text(".given > div:last-child dd"),
      seal: seal?.value,
      modifications: pairs.map((pair) => [...pair.children].map((cell) => cell.textContent)),
    });
  }

  /** @param {number} milliseconds */
  function busy(milliseconds) {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }

  /** @param {Event} event */
  function stall(event) {
    if (event.isTrusted && Math.random() < 0.5) busy(100 + 250 * Math.random());
  }

  addEventListener("submit", sent, true);
  addEventListener("submit", confirmed, true);
  addEventListener("click", stall);
  addEventListener("keyup", (event) => event.key === "Enter" && stall(event));
  setInterval(() => Math.random() < 0.15 && busy(60 + 200 * Math.random()), 250);
})();
