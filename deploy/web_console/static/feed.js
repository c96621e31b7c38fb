// Shows what comes over the feed's stream, until it is paused. Without this the page is a list.
"use strict";

(() => {
  const ROWS_MAX = 300;
  const HELD_MAX = 300;
  const bar = document.getElementById("live-bar");
  const state = document.getElementById("live-state");
  const pause = document.getElementById("pause");
  const feed = document.getElementById("feed");
  const empty = document.getElementById("feed-empty");
  const leftOut = document.getElementById("left-out");
  const template = document.getElementById("feed-row");
  let held = [];
  let isPaused = false;
  let missed = 0;

  function rowOf(item) {
    const row = template.content.firstElementChild.cloneNode(true);
    const field = (name) => row.querySelector(`[data-field="${name}"]`);
    for (const name of ["time", "kind", "name", "reason", "device", "user", "facts"]) {
      field(name).textContent = item[name];
    }
    field("reason").hidden = !item.reason;
    field("chip").className = `chip chip-${item.tone}`;
    if (item.href) field("device").setAttribute("href", item.href);
    row.classList.add("new");
    return row;
  }

  function show(items) {
    feed.prepend(...items.map(rowOf));
    while (feed.children.length > ROWS_MAX && !feed.lastElementChild.contains(document.activeElement)) {
      feed.lastElementChild.remove();
    }
    empty.hidden = feed.children.length > 0;
  }

  function say() {
    if (isPaused) state.textContent = held.length ? `paused, ${held.length} new` : "paused";
    leftOut.hidden = missed === 0;
    leftOut.textContent = `${missed.toLocaleString("en")} more came too fast to be shown. Narrow the filter to see all.`;
  }

  const query = bar.dataset.stream.endsWith("?") ? "" : "&";
  const stream = new EventSource(`${bar.dataset.stream}${query}after=${bar.dataset.after}`);
  stream.addEventListener("open", () => {
    if (!isPaused) state.textContent = "live";
    bar.classList.add("is-live");
  });
  stream.addEventListener("error", () => {
    bar.classList.remove("is-live");
    state.textContent = stream.readyState === EventSource.CLOSED
      ? "ended: open the page again" : "connecting …";
  });
  stream.addEventListener("rows", (event) => {
    const { rows, left_out } = JSON.parse(event.data);
    missed += left_out;
    if (isPaused) held = [...rows, ...held].slice(0, HELD_MAX);
    else show(rows);
    say();
  });
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) {
      show(held);
      held = [];
      state.textContent = "live";
    }
    say();
  });
  bar.hidden = false;
})();
