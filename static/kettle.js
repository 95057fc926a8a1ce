// What the frame does with script. Everything here works without it too; rooms bring their own small files.
(() => {
  "use strict";
  const exit = document.querySelector("[data-exit]");

  // Leave at once and leave no way back by the back button to this page.
  const leave = () => {
    document.documentElement.classList.add("leaving");
    document.title = "";
    window.location.replace(exit.href);
  };
  if (exit) {
    exit.addEventListener("click", (event) => {
      if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      leave();
    });
    let presses = [];
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") { presses = []; return; }
      if (event.repeat || event.isComposing) return;
      presses = presses.filter((at) => event.timeStamp - at < 3000).concat(event.timeStamp);
      if (presses.length >= 3) leave();
    });
  }

  // A page kept by the browser must not come back after leaving.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.documentElement.classList.remove("leaving");
  });

  // A live region is read out only when it changes, so put its words in again after the page has settled.
  for (const region of document.querySelectorAll("[data-announce]")) {
    if (!region.childElementCount) continue;
    const words = [...region.childNodes];
    region.replaceChildren();
    setTimeout(() => region.append(...words), 150);
  }

  // An error summary takes the focus: the next Tab goes to its first link.
  const focusWrong = (root) => {
    const wrong = root.querySelector("[data-focus]");
    if (wrong) wrong.focus();
  };
  focusWrong(document);
  document.addEventListener("htmx:afterSwap", (event) => focusWrong(event.target));

  // "More" closes on Escape and when attention goes elsewhere.
  const closeMore = (except) => {
    for (const open of document.querySelectorAll("details.more[open]")) if (open !== except) open.open = false;
  };
  for (const kind of ["click", "focusin"]) document.addEventListener(kind, (event) => closeMore(event.target.closest("details.more")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = event.target.closest("details.more[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });

  // A print button is only there for those who have a script to press it with.
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
