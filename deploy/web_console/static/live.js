// Renews the parts of a page that are marked `data-live`, while somebody looks at it. The page works
// without this; nothing is ever fetched but the page itself.
"use strict";

(() => {
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("biolatch", { createHTML: (page) => page })
    : { createHTML: (page) => page };

  const marked = document.querySelector("[data-every-s]");
  if (!marked) return;
  const everyMs = Number(marked.dataset.everyS) * 1000;

  const isInUse = (part) => part.contains(document.activeElement) || isSelected(part);

  function isSelected(part) {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && part.contains(selection.anchorNode);
  }

  function renew(page) {
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = page.getElementById(part.id);
      // What somebody is reading with the keyboard, or marking, stays until they are done.
      if (!next || isInUse(part)) continue;
      for (const open of part.querySelectorAll("details[open]")) {
        const same = next.querySelector("#" + CSS.escape(open.id));
        if (same) same.open = true;
      }
      part.replaceChildren(...next.childNodes);
    }
  }

  async function look() {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.redirected && new URL(answer.url).pathname !== location.pathname) {
        location.assign(answer.url);
        return;
      }
      const page = new DOMParser().parseFromString(
        policy.createHTML(await answer.text()), "text/html");
      if (marked.hasAttribute("data-until-done") && !page.querySelector("[data-until-done]")) {
        location.reload();
        return;
      }
      renew(page);
    } catch {
      // The console is away; the next look may find it again.
    }
    wait();
  }

  function wait() {
    setTimeout(() => (document.hidden ? wait() : look()), everyMs);
  }

  wait();
})();
