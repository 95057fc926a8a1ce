// Making an insight in twenty seconds: select words in a post, one key, one more for the kind, Enter.
// Without a script there is a page for it behind "More" on each post.
(() => {
  "use strict";
  const bar = document.getElementById("take");
  if (!bar) return;
  const part = (name) => bar.querySelector(`[data-take-${name}]`);
  const form = part("form"), offer = part("offer"), said = part("said"), more = part("more");
  const AROUND = 64;
  let chosen = null;  // the words as they were selected, with the post they stand in
  let last = null;    // the insight made last on this page
  let back = null;    // where the attention was before the form opened

  // ---- what is selected

  const wordsOf = (node) => {
    const element = node && (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement);
    return element ? element.closest("[data-words][data-post-id]") : null;
  };
  const textBetween = (words, from, to) => {
    const range = document.createRange();
    range.selectNodeContents(words);
    if (from) range.setStart(from.endContainer, from.endOffset);
    if (to) range.setEnd(to.startContainer, to.startOffset);
    return range.toString();
  };
  const selected = () => {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0).cloneRange();
    const words = wordsOf(range.startContainer);
    if (!words) return null;
    // A triple click ends at the beginning of the next paragraph, which may stand outside the post.
    if (wordsOf(range.endContainer) !== words) {
      if (words.contains(range.commonAncestorContainer) || !words.parentElement.contains(range.commonAncestorContainer)) {
        if (range.endOffset !== 0) return null;
      }
      range.setEnd(words, words.childNodes.length);
    }
    const exact = range.toString().trim();
    if (exact.replace(/\s/g, "").length < 3) return null;
    return {
      post: words.dataset.postId, exact, words,
      prefix: textBetween(words, null, range).slice(-AROUND), suffix: textBetween(words, range, null).slice(0, AROUND),
    };
  };

  const isEarlier = (words) => {
    const said = words.closest("article").querySelector(".post-when time");
    return Boolean(said) && new Date(said.dateTime) < new Date(bar.dataset.since);
  };

  // ---- showing and hiding

  const say = (text, isTrouble = false) => {
    said.textContent = text;
    said.classList.toggle("take-trouble", isTrouble);
  };
  const hide = () => {
    bar.hidden = true;
    form.hidden = true;
    offer.hidden = false;
    chosen = null;
    say("");
  };
  const show = (found) => {
    chosen = found;
    say("");
    offer.hidden = false;
    form.hidden = true;
    bar.hidden = false;
  };
  const open = () => {
    if (!chosen) return;
    back = document.activeElement;
    form.reset();
    for (const name of ["post", "exact", "prefix", "suffix"]) form.elements[name].value = chosen[name];
    form.elements.nonce.value = crypto.randomUUID ? crypto.randomUUID() : `n${Date.now()}-${Math.random().toString(36).slice(2)}`;
    form.elements.into.value = last ? last.id : "";
    more.hidden = !last;
    part("earlier").hidden = !isEarlier(chosen.words);
    part("words").textContent = chosen.exact.length > 240 ? `${chosen.exact.slice(0, 240)}…` : chosen.exact;
    say("");
    offer.hidden = true;
    form.hidden = false;
    form.elements.kind[0].focus();
  };
  const close = () => {
    const wasOpen = !form.hidden;
    hide();
    if (wasOpen && back && back.isConnected) back.focus();
  };

  let timer = 0;
  document.addEventListener("selectionchange", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!form.hidden) return;
      const found = selected();
      if (found) show(found);
      else if (!bar.hidden && !said.textContent && !bar.contains(document.activeElement)) hide();
    }, 150);
  });

  // ---- keys and taps

  const isWriting = (target) => target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && !bar.hidden) { close(); return; }
    if (form.hidden) {
      if (event.key !== "i" || isWriting(event.target)) return;
      const found = selected();
      if (found) show(found);
      if (!chosen) return;
      event.preventDefault();
      open();
      return;
    }
    const isKind = event.target.name === "kind" || !isWriting(event.target);
    if (isKind && bar.contains(event.target) && /^[1-5]$/.test(event.key)) {
      event.preventDefault();
      const radio = form.elements.kind[Number(event.key) - 1];
      radio.checked = true;
      radio.focus();
    }
  });
  const opener = part("open");
  // A tap must not take the selection away before it is read.
  opener.addEventListener("pointerdown", (event) => event.preventDefault());
  opener.addEventListener("click", open);
  for (const button of bar.querySelectorAll("[data-take-close]")) button.addEventListener("click", close);

  // ---- keeping

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new FormData(form);
    if (!form.elements.into.checked) body.delete("into");
    let answer = null;
    try {
      const response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
      answer = await response.json();
      if (!response.ok) { say(answer.errors ? answer.errors[0] : bar.dataset.trouble, true); return; }
    } catch {
      say(bar.dataset.trouble, true);
      return;
    }
    last = answer;
    form.hidden = true;
    chosen = null;
    document.getSelection().removeAllRanges();
    const link = document.createElement("a");
    link.href = answer.url;
    link.textContent = answer.said;
    said.classList.remove("take-trouble");
    said.replaceChildren(link);
    if (back && back.isConnected && back !== document.body) back.focus();
  });
})();
