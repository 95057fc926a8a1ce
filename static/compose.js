// Writing and reading in a thread: keeps what is being written, quotes, answers, previews, remembers how far one has read.
// Every one of these works without script too, with a page more.
(() => {
  "use strict";
  const headers = JSON.parse(document.body.dataset.hxHeaders || "{}");
  const token = headers["X-CSRFToken"];
  const send = (address, fields) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    return fetch(address, { method: "POST", body, headers: { ...headers, Accept: "application/json" }, keepalive: true });
  };
  const beacon = (address, fields) => {
    const body = new FormData();
    for (const [name, value] of Object.entries({ csrf_token: token, ...fields })) body.append(name, value);
    navigator.sendBeacon(address, body);
  };
  const onLeaving = (run) => {
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") run(); });
    window.addEventListener("pagehide", run);
  };
  const number = (article) => Number(article.dataset.number);

  // ---- words on their way: kept on the server a second after the last key, on this device when there is no line

  class Draft {
    constructor(form) {
      this.form = form;
      this.words = form.elements.source;
      this.title = form.elements.title;
      this.state = form.querySelector("[data-draft-state]");
      this.notes = form.querySelector("[data-writing-notes]");
      this.version = form.dataset.version;
      this.key = `kettle.draft.${form.dataset.who}.${form.dataset.place}`;
      this.saved = this.now();
      this.isSent = false;
      this.saving = null;
      form.addEventListener("input", () => this.later());
      form.addEventListener("submit", (event) => this.submit(event));
      window.addEventListener("online", () => this.save());
      onLeaving(() => this.leave());
      this.bringBack();
    }

    now() { return JSON.stringify([this.title ? this.title.value : "", this.words.value]); }

    fields(more = {}) {
      return {
        place: this.form.dataset.place, title: this.title ? this.title.value : "", source: this.words.value,
        version: this.version, nonce: this.form.elements.nonce ? this.form.elements.nonce.value : "", ...more,
      };
    }

    say(words) { if (this.state) this.state.textContent = words; }

    later() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), 1000);
    }

    async save(more) {
      clearTimeout(this.timer);
      if (this.isSent || this.saving || (this.now() === this.saved && !more)) return;
      const words = this.now();
      this.saving = send("/me/drafts", this.fields(more));
      try {
        const answer = await this.saving;
        const told = await answer.json();
        if (answer.ok) {
          this.saved = words;
          this.version = told.version;
          this.forget();
          this.say(told.version ? this.form.dataset.kept : "");
          if (this.notes && told.notes !== undefined) this.note(told.notes);
        } else if (answer.status === 409) {
          this.offerBoth(told);
        } else {
          this.keepHere();
          this.say((told.errors || [this.form.dataset.keptHere])[0]);
        }
      } catch {
        this.keepHere();
        this.say(this.form.dataset.keptHere);
      } finally {
        this.saving = null;
      }
      if (this.now() !== words && !this.other) this.later();
    }

    // What rooms above have to say about these words. Left alone while it stays the same, so that it is read out once.
    note(html) {
      if (this.noted === html) return;
      this.noted = html;
      this.notes.innerHTML = html;
    }

    keepHere() {
      try {
        localStorage.setItem(this.key, JSON.stringify(this.fields()));
      } catch { /* A full or forbidden store: the words are still in the box. */ }
    }

    forget() {
      try { localStorage.removeItem(this.key); } catch { /* nothing was kept */ }
    }

    // Another device kept something else meanwhile: nothing is overwritten, the writer puts both together.
    offerBoth(other) {
      if (this.other) return;
      this.other = other;
      this.keepHere();
      this.say(other.errors[0]);
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-quiet button-small";
      button.textContent = this.form.dataset.both;
      button.addEventListener("click", () => {
        this.words.value = `${other.source.trimEnd()}\n\n${this.words.value}`;
        if (this.title && !this.title.value) this.title.value = other.title;
        this.version = other.version;
        this.other = null;
        button.remove();
        this.words.focus();
        this.save();
      });
      this.state.after(button);
    }

    leave() {
      if (this.isSent || this.now() === this.saved || this.other) return;
      this.keepHere();
      beacon("/me/drafts", this.fields());
    }

    submit(event) {
      if (event.submitter && event.submitter.name) return;
      clearTimeout(this.timer);
      this.keepHere();
      if (navigator.onLine === false) {
        event.preventDefault();
        this.say(this.form.dataset.keptHere);
        return;
      }
      this.isSent = true;
    }

    // Words this device kept: were they posted after all? Then they go. Otherwise they are in the box again.
    async bringBack() {
      let kept = null;
      try { kept = JSON.parse(localStorage.getItem(this.key)); } catch { return; }
      if (!kept || !kept.source) return;
      try {
        const answer = await send("/me/drafts/posted", { nonce: kept.nonce });
        if (!answer.ok || (await answer.json()).posted) { if (answer.ok) this.forget(); return; }
      } catch { /* No line yet: better twice than never. */ }
      if (!this.words.value.includes(kept.source)) {
        this.words.value = this.words.value.trim() ? `${this.words.value.trimEnd()}\n\n${kept.source}` : kept.source;
        if (this.title && !this.title.value) this.title.value = kept.title || "";
        this.say(this.form.dataset.keptHere);
        this.later();
      } else {
        this.forget();
      }
    }

    add(text) {
      const before = this.words.value.trimEnd();
      this.words.value = `${before}${before ? "\n\n" : ""}${text.trimEnd()}\n\n`;
      this.words.focus();
      this.words.setSelectionRange(this.words.value.length, this.words.value.length);
      this.words.dispatchEvent(new Event("input", { bubbles: true }));
      this.words.scrollIntoView({ block: "center" });
    }
  }

  const drafts = [...document.querySelectorAll("form[data-place]")].map((form) => new Draft(form));
  window.addEventListener("pageshow", (event) => { if (event.persisted) for (const draft of drafts) draft.isSent = false; });
  const box = drafts.find((draft) => draft.form.dataset.place.startsWith("thread:"));
  const list = document.querySelector("ol.posts[data-thread]");

  // ---- quoting, answering, copying a link

  const selectedIn = (article) => {
    const chosen = window.getSelection();
    const words = article.querySelector("[data-words]");
    if (!chosen || chosen.isCollapsed || !words || !chosen.rangeCount) return "";
    const range = chosen.getRangeAt(0);
    return words.contains(range.commonAncestorContainer) ? chosen.toString().trim() : "";
  };
  const nameOn = (article) => article.querySelector(".post-name > a, .post-name").firstChild.textContent.trim();

  // Pressing the link takes the selection away in some browsers, so it is read when the finger comes down.
  let chosen = { article: null, words: "" };
  document.addEventListener("pointerdown", (event) => {
    const link = event.target.closest("a[href*='/reply?quote=']");
    if (link) chosen = { article: link.closest(".post"), words: selectedIn(link.closest(".post")) };
  }, true);

  const quote = async (link) => {
    const article = link.closest(".post");
    const words = chosen.article === article && chosen.words ? chosen.words : selectedIn(article);
    chosen = { article: null, words: "" };
    if (words) {
      const name = nameOn(article).replace(/["[\]\n,]+/g, " ");
      box.add(`[quote="${name}, post:${number(article)}, thread:${list.dataset.thread}"]\n${words}\n[/quote]`);
      return;
    }
    const id = new URL(link.href).searchParams.get("quote");
    const answer = await fetch(`/posts/${id}/quote`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("no quotation");
    box.add((await answer.json()).source);
  };

  const answer = (link) => {
    const shown = box.form.querySelector("[data-replying]");
    const words = shown.querySelector("[data-replying-words]");
    box.form.querySelector("[data-reply-to]").value = new URL(link.href).searchParams.get("to");
    words.textContent = words.dataset.wordsFor.replace("NAME", nameOn(link.closest(".post")));
    shown.hidden = false;
    box.form.querySelector("[data-replying-stop]").hidden = false;
    box.words.focus();
    box.words.scrollIntoView({ block: "center" });
  };

  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  document.body.append(status);

  document.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest("a, button");
    if (!link) return;
    if (box && link.matches(".post a[href*='/reply?quote=']")) {
      event.preventDefault();
      quote(link).catch(() => { window.location.assign(link.href); });
    } else if (box && link.matches(".post a[href*='/reply?to=']")) {
      event.preventDefault();
      answer(link);
    } else if (link.matches("[data-replying-stop]")) {
      box.form.querySelector("[data-reply-to]").value = "";
      box.form.querySelector("[data-replying]").hidden = true;
      box.words.focus();
    } else if (link.matches("a[data-copy]") && navigator.clipboard) {
      event.preventDefault();
      navigator.clipboard.writeText(link.href).then(
        () => { status.textContent = link.dataset.copy; link.lastChild.textContent = ` ${link.dataset.copy}`; },
        () => { window.location.assign(link.href); });
    }
  });

  // ---- how it will look, without leaving the page

  document.addEventListener("submit", async (event) => {
    const button = event.submitter;
    const form = event.target;
    if (!button || button.name !== "preview" || !form.matches("form[data-place]")) return;
    event.preventDefault();
    const body = new FormData(form);
    body.append("preview", "yes");
    try {
      const reply = await fetch(form.action, { method: "POST", body });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      const look = page.querySelector(".preview");
      if (!reply.ok || !look) throw new Error("no preview");
      form.querySelector(".preview")?.remove();
      const draft = drafts.find((one) => one.form === form);
      const notes = page.querySelector("[data-writing-notes]");
      if (draft && draft.notes && notes) draft.note(notes.innerHTML);
      form.querySelector(".acts:last-of-type").before(look);
      look.tabIndex = -1;
      look.focus();
    } catch {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "preview", value: "yes" }));
      form.submit();
    }
  });

  // ---- how far one has read

  if (list && list.dataset.mark !== undefined) {
    let marked = Number(list.dataset.mark);
    let seen = marked;
    let timer = 0;
    const address = `/t/${list.dataset.thread}/read`;
    const mark = () => {
      clearTimeout(timer);
      if (seen <= marked) return;
      marked = seen;
      send(address, { number: seen, by: "script" }).catch(() => { marked = 0; });
    };
    // A post counts as read when its end has been on the screen.
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        seen = Math.max(seen, number(entry.target.closest(".post") || entry.target.querySelector(".post")));
        clearTimeout(timer);
        timer = setTimeout(mark, 1500);
      }
    });
    const watch = (root) => {
      for (const article of root.querySelectorAll(".post[data-number]")) {
        if (number(article) > marked) watcher.observe(article.closest(".unmet:not([open])") || article.lastElementChild || article);
      }
    };
    watch(list);
    new MutationObserver(() => watch(list)).observe(list, { childList: true });
    onLeaving(() => {
      if (seen <= marked) return;
      marked = seen;
      beacon(address, { number: seen, by: "script" });
    });
    const button = document.querySelector("form[data-read]");
    if (button) button.hidden = true;
  }

  // Words that come in live are the same for everybody. Those of people whom this reader does not want to meet are folded.
  if (list && list.dataset.unmet) {
    const unmet = new Set(JSON.parse(list.dataset.unmet));
    document.addEventListener("live:told", (event) => {
      for (const element of event.detail.elements) {
        const name = element.querySelector(".post-name a");
        if (!name || !unmet.has(name.getAttribute("href")) || element.querySelector(".unmet")) continue;
        const fold = document.createElement("details");
        fold.className = "fold unmet";
        fold.append(Object.assign(document.createElement("summary"), { textContent: list.dataset.unmetWords }), ...element.childNodes);
        element.append(fold);
      }
    });
  }

  // An address without a #post opens where the reader stopped all the same.
  if (list && list.dataset.openAt && !window.location.hash) {
    const here = document.getElementById(`post-${list.dataset.openAt}`);
    const [way] = performance.getEntriesByType("navigation");
    if (here && (!way || way.type === "navigate")) (here.closest(".unmet") || here).scrollIntoView();
  }
})();
