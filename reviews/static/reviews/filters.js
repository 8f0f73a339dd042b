/** The choices that narrow the list: they close on Escape, and when something else is pressed. */

export function filterChoices() {
  const choices = () => document.querySelector("#narrow[open]");

  function pressed(event) {
    const open = choices();
    if (event.key !== "Escape" || !open?.contains(event.target)) return;
    event.preventDefault();
    open.open = false;
    open.querySelector("summary").focus();
  }

  function clicked(event) {
    const open = choices();
    if (open && !open.contains(event.target)) open.open = false;
  }

  document.addEventListener("keydown", pressed, { capture: true });
  document.addEventListener("click", clicked);
}
