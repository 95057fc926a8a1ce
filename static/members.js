// A button beside a password that shows what is typed. Without script the field works as it is.
(() => {
  "use strict";
  for (const field of document.querySelectorAll("input[type=password][data-show]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button-plain";
    button.textContent = field.dataset.show;
    button.addEventListener("click", () => {
      const shown = field.type === "password";
      field.type = shown ? "text" : "password";
      button.textContent = shown ? field.dataset.hide : field.dataset.show;
    });
    // A browser must not keep what is shown among the words it suggests.
    if (field.form) field.form.addEventListener("submit", () => { field.type = "password"; });
    field.after(button);
  }
})();
