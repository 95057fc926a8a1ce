// Keeps what is jotted in a think space a moment after the last key. Without a script there is a button.
(() => {
  "use strict";
  for (const form of document.querySelectorAll("form.think[data-kept]")) {
    const words = form.elements.words, state = form.querySelector("[data-draft-state]");
    let saved = words.value, timer = 0, isSent = false;
    const send = (more = {}) => fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin",
      headers: { "X-Requested-With": "kettle" }, ...more,
    });
    const keep = async () => {
      const now = words.value;
      if (isSent || now === saved) return;
      try {
        const answer = await send();
        if (!answer.ok) throw new Error(String(answer.status));
        saved = now;
        state.textContent = form.dataset.kept;
      } catch {
        state.textContent = form.dataset.notKept;
      }
    };
    words.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(keep, 1000); });
    form.addEventListener("submit", () => { isSent = true; clearTimeout(timer); });
    window.addEventListener("pageshow", () => { isSent = false; });
    window.addEventListener("online", keep);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "hidden" || isSent || words.value === saved) return;
      saved = words.value;
      send({ keepalive: true }).catch(() => { saved = null; });
    });
  }
})();
