/** Runs before the page's own scripts: tells what is confirmed, and keeps the page busy. */

(() => {
  const text = (selector) => document.querySelector(`#confirm ${selector}`)?.textContent ?? null;

  function confirmed(event) {
    const { submitter } = event;
    if (!event.target.closest("#confirm") || !submitter?.matches(".primary")) return;
    const pairs = [...document.querySelectorAll("#confirm .pairs > div")];
    window.tellConfirmed({
      title: text("h2"),
      justification: text(".given .prose"),
      confidence: text(".given > div:last-child dd"),
      seal: document.querySelector("#confirm [name=question]").value,
      modifications: pairs.map((pair) => [...pair.children].map((cell) => cell.textContent)),
    });
  }

  function busy(milliseconds) {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }

  function stall(event) {
    if (event.isTrusted && Math.random() < 0.5) busy(100 + 250 * Math.random());
  }

  addEventListener("submit", confirmed, true);
  addEventListener("click", stall);
  addEventListener("keyup", (event) => event.key === "Enter" && stall(event));
  setInterval(() => Math.random() < 0.15 && busy(60 + 200 * Math.random()), 250);
})();
