const OF_A_FIELD = ["Backspace", "Enter", "Escape"]; // elsewhere they do something else

/**
 * What is typed while a field is on its way: kept until the field is there.
 *
 * The words that are meant for it must neither be lost nor be read as keys.
 */
export function typedAhead() {
  let text = "";

  function forget() {
    text = "";
  }

  /** @param {KeyboardEvent} event */
  function hear(event) {
    if (event.key.length > 1 && !OF_A_FIELD.includes(event.key)) return; // such as Tab and F5
    event.preventDefault();
    if (event.repeat) return;
    if (event.key.length === 1) text += event.key;
    else if (event.key === "Backspace") text = text.slice(0, -1);
  }

  /** @param {HTMLInputElement | HTMLTextAreaElement} field */
  function writeIn(field) {
    if (text) {
      field.value += text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    forget();
  }

  return { forget, hear, writeIn };
}
