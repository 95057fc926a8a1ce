// Shows on an open page what happens meanwhile. The page's body carries data-live, the address of its stream.
//
// A frame is HTML; each of its elements says where it goes:
//   data-into="#posts" data-how="append"    append or prepend; left out when an element with its id is there already
//   data-how="replace"                      takes the place of the element with its id, if there is one
//   data-how="remove"                       takes the element with its id away
//   data-say="A new reply" data-say-many="{n} new replies"    is said politely, with a link when it is out of sight
// A place marked data-live-waits takes nothing in (an earlier page of a long thread): it is only said, with a link to
// data-live-waits. A place marked data-live-follow keeps its end in view for those who were at its end.
// Rooms with more to do listen on the document for "live:told" (detail: kind, id, elements).
(() => {
  "use strict";
  const home = document.querySelector("[data-live]");
  if (!home || !window.ReadableStream || !window.AbortController || !window.TextDecoder) return;

  const QUIET_MS = 45000; // The server says something every 15 seconds.
  const LONGEST_WAIT_MS = 60000;
  let address = home.dataset.live;
  let after = ""; // The last event that this page knows of.
  let open = null; // What ends the open stream.
  let timer = 0;
  let failures = 0;
  let firstWait = 3000;
  let isOver = false;

  // ---- the line

  const wait = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(listen, ms * (0.5 + Math.random()));
  };

  const tryAgain = () => wait(Math.min(LONGEST_WAIT_MS, firstWait * 2 ** failures++));

  const hangUp = () => {
    clearTimeout(timer);
    if (open) open.abort();
    open = null;
  };

  async function listen() {
    if (isOver || open || document.hidden) return;
    const mine = (open = new AbortController());
    let quiet = setTimeout(() => mine.abort(), QUIET_MS);
    let next = tryAgain;
    try {
      const answer = await fetch(address + (after ? `?after=${after}` : ""), {
        signal: mine.signal, cache: "no-store", credentials: "same-origin", headers: { Accept: "text/event-stream" },
      });
      if (answer.status === 403) next = renew;
      else if (answer.status === 429) next = () => wait(1000 * (Number(answer.headers.get("Retry-After")) || 60));
      else if (answer.ok && answer.body) {
        const reader = answer.body.getReader();
        const decoder = new TextDecoder();
        let text = "";
        for (;;) {
          const { value, done } = await reader.read();
          if (done) break;
          clearTimeout(quiet);
          quiet = setTimeout(() => mine.abort(), QUIET_MS);
          text += decoder.decode(value, { stream: true });
          const blocks = text.split("\n\n");
          text = blocks.pop();
          for (const block of blocks) {
            const asked = hear(block);
            if (asked) next = asked;
          }
          failures = 0;
        }
      }
    } catch (trouble) {
      if (trouble.name !== "AbortError" && !(trouble instanceof TypeError)) throw trouble;
    } finally {
      clearTimeout(quiet);
      if (open === mine) {
        open = null;
        if (!isOver && !document.hidden) next();
      }
    }
  }

  // Read one event. Returns what is to be done once the line is closed, when it was about the line itself.
  const hear = (block) => {
    let kind = "", id = "";
    const words = [];
    for (const row of block.split("\n")) {
      const [, name, value] = /^([a-z]*): ?(.*)$/.exec(row) || [];
      if (name === "event") kind = value;
      else if (name === "data") words.push(value);
      else if (name === "id") id = value;
      else if (name === "retry") firstWait = Number(value) || firstWait;
    }
    if (id) after = id;
    if (kind === "renew") return renew;
    if (kind === "ended" || kind === "behind") {
      isOver = true;
      say(words.join(" "), { href: location.href.split("#")[0] });
    } else if (kind) later({ kind, id, html: words.join("\n") });
    return null;
  };

  // A ticket lasts some hours. The page itself gives a new one, for as long as its reader may read it.
  async function renew() {
    if (failures++ > 5) { wait(LONGEST_WAIT_MS); return; }
    try {
      const page = await fetch(home.dataset.liveRenew || location.href, { credentials: "same-origin" });
      const found = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("[data-live]");
      if (page.ok && found) {
        address = found.dataset.live;
        wait(failures > 1 ? firstWait * failures : 100);
      } else if (page.status < 500) isOver = true;
      else tryAgain();
    } catch {
      tryAgain();
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hangUp();
    else { failures = 0; listen(); }
  });
  addEventListener("pagehide", hangUp);
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  addEventListener("online", () => { failures = 0; listen(); });

  // ---- the page

  // While the reader's own words are on their way, their answer comes first: it is what they wait for.
  let sending = 0;
  let held = [];
  const later = (told) => {
    if (sending) held.push(told);
    // A frame that fails must not take the line with it.
    else try { show(told); } catch (trouble) { setTimeout(() => { throw trouble; }); }
  };
  const settle = () => {
    sending = Math.max(0, sending - 1);
    if (!sending) { const now = held; held = []; now.forEach(later); }
  };
  const isWrite = (event) => event.detail.requestConfig && event.detail.requestConfig.verb !== "get";
  document.addEventListener("htmx:beforeRequest", (event) => { if (isWrite(event)) sending += 1; });
  document.addEventListener("htmx:afterRequest", (event) => { if (isWrite(event)) setTimeout(settle, 50); });

  const show = ({ kind, id, html }) => {
    const box = document.createElement("template");
    box.innerHTML = html;
    const elements = [...box.content.children].filter(place);
    document.dispatchEvent(new CustomEvent("live:told", { detail: { kind, id, elements } }));
  };

  // Put one element where it says, and return whether anything changed.
  const place = (element) => {
    const { into, how = "append", say: words, sayMany } = element.dataset;
    for (const name of ["into", "how", "say", "sayMany"]) delete element.dataset[name];
    const twin = element.id ? document.getElementById(element.id) : null;
    const target = into ? document.querySelector(into) : null;
    if (how === "remove") {
      if (twin) keepStill(() => twin.remove());
      return Boolean(twin);
    }
    if (how === "replace") {
      if (twin) whenLeft(twin, () => { if (twin.isConnected) { keepStill(() => twin.replaceWith(element)); wake(element); } });
      if (twin && words) say(words, { many: sayMany, element });
      return Boolean(twin);
    }
    if (twin || !target) return false;
    if (target.dataset.liveWaits) {
      if (words) say(words, { many: sayMany, href: target.dataset.liveWaits });
      return false;
    }
    const follows = target.dataset.liveFollow !== undefined && target.getBoundingClientRect().bottom < innerHeight + 80;
    keepStill(() => target[how === "prepend" ? "prepend" : "append"](element));
    wake(element);
    if (follows) element.scrollIntoView({ block: "end" });
    if (words) say(words, { many: sayMany, element });
    return true;
  };

  const wake = (element) => { if (window.htmx) window.htmx.process(element); };

  // What somebody is using stays until they have moved on.
  const whenLeft = (element, change) => {
    if (!element.contains(document.activeElement) && !element.querySelector("details[open]")) { change(); return; }
    element.addEventListener("focusout", () => setTimeout(() => whenLeft(element, change), 100), { once: true });
  };

  // What is being read stays where it is. Most browsers see to it; for the others we scroll along.
  const anchors = window.CSS && CSS.supports && CSS.supports("overflow-anchor", "auto");
  const keepStill = (change) => {
    const reading = anchors ? null : document.elementFromPoint(innerWidth / 2, innerHeight / 3);
    const before = reading && reading.getBoundingClientRect().top;
    change();
    if (reading && reading.isConnected) scrollBy(0, reading.getBoundingClientRect().top - before);
  };

  // The answer to the reader's own words may come by both ways: the newer one stays.
  document.addEventListener("htmx:load", (event) => {
    const element = event.detail.elt;
    if (!element || !element.id) return;
    for (const twin of document.querySelectorAll(`[id="${CSS.escape(element.id)}"]`)) {
      if (twin !== element) twin.remove();
    }
  });

  // ---- what is said

  const status = document.createElement("div");
  status.className = "live-said";
  status.setAttribute("role", "status");
  document.body.append(status);
  let number = 0;
  let lastWords = "";
  const hush = () => { number = 0; lastWords = ""; status.replaceChildren(); };

  const isInSight = (element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  };

  const say = (words, { many = "", element = null, href = "" } = {}) => {
    number = words === lastWords ? number + 1 : 1;
    lastWords = words;
    const line = document.createElement(element || href ? "a" : "span");
    line.textContent = number > 1 && many ? many.replace("{n}", number) : words;
    if (href) line.href = href;
    else if (element) {
      // The link leads to the first one that was not seen yet.
      const old = number > 1 && status.querySelector("a");
      line.href = old ? old.getAttribute("href") : `#${element.id}`;
      line.addEventListener("click", () => setTimeout(hush));
      if (isInSight(element)) {
        line.className = "visually-hidden";
        setTimeout(() => { if (line.isConnected) hush(); }, 4000);
      } else if (window.IntersectionObserver) {
        new IntersectionObserver((seen, observer) => {
          if (!seen.some((one) => one.isIntersecting)) return;
          observer.disconnect();
          if (line.isConnected) hush();
        }).observe(element);
      }
    }
    status.replaceChildren(line);
  };

  listen();
})();
