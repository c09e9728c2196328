// Sorts and filters the tables of a page; without it they stand whole, in the order of the cases.
(() => {
  "use strict";

  const FEW_ROWS = 6;
  const FACTORS = {
    ns: 1, "µs": 1e3, ms: 1e6, s: 1e9, k: 1e3, M: 1e6, G: 1e9, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30,
    "kB/s": 1e3, "MB/s": 1e6, "GB/s": 1e9,
  };
  const NUMBER = /^([<+−-]?)([\d.\u202f]+)(?:–[\d.\u202f]+)?(?: \([^)]*\))? ?([^\s,;(]*)/;

  // "5.10 (5.00–5.40) µs" is 5100; null where a cell holds no number.
  const numberIn = (text) => {
    const found = NUMBER.exec(text);
    if (!found) return null;
    const sign = found[1] === "-" || found[1] === "−" ? -1 : 1;
    return sign * Number(found[2].replaceAll("\u202f", "")) * (FACTORS[found[3]] ?? 1);
  };

  const compare = (a, b) => {
    const x = numberIn(a), y = numberIn(b);
    if (x !== null && y !== null && x !== y) return x - y;
    return a.localeCompare(b, "en", { numeric: true });
  };

  const textOf = (row, column) => row.cells[column]?.textContent.trim() ?? "";
  const isEmpty = (text) => text === "" || text === "–";

  const sort = (body, original, column, direction) => {
    const rows = [...original];
    // What has no value stays last, whichever way the others go.
    if (direction !== 0) rows.sort((a, b) => {
      const x = textOf(a, column), y = textOf(b, column);
      return isEmpty(x) - isEmpty(y) || direction * compare(x, y);
    });
    body.append(...rows);
  };

  const addButtons = (table, original) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.classList.contains("command")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        sort(table.tBodies[0], original, column, { ascending: 1, descending: -1, "": 0 }[next]);
      });
    });
  };

  const addFilter = (table, rows) => {
    const line = document.createElement("p"), label = document.createElement("label");
    const input = document.createElement("input"), count = document.createElement("output");
    line.className = "filter";
    input.type = "search";
    count.setAttribute("aria-live", "polite");
    label.append("Rows with ", input);
    line.append(label, count);
    const say = (shown) => { count.textContent = `${shown} of ${rows.length} rows`; };
    // The command names the whole case: its words would find more than the row shows.
    const texts = rows.map((row) => [...row.cells].filter((cell) => !cell.classList.contains("command"))
      .map((cell) => cell.textContent).join(" ").toLowerCase());
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      rows.forEach((row, index) => { row.hidden = !words.every((word) => texts[index].includes(word)); });
      say(rows.filter((row) => !row.hidden).length);
    });
    say(rows.length);
    (table.closest(".scroll") ?? table).before(line);
  };

  // The fields of a map are one drawing: what is pointed at stands in the table below it.
  const addPointing = (map) => {
    const table = map.closest("figure").querySelector("table.fields"), svg = map.querySelector("svg");
    const rows = [...table.tBodies[0].rows], heads = [...table.tHead.rows[0].cells].slice(1).map((head) => (
      { full: head.title, command: head.dataset.command }));
    const left = Number(map.dataset.left), column = Number(map.dataset.column), height = Number(map.dataset.row);
    const tops = map.dataset.tops.split(" ").map(Number);
    const said = document.createElement("output"), box = document.createElement("div");
    said.className = "pointed";
    said.setAttribute("aria-live", "polite");
    said.textContent = "Point at a field, or walk over them with the arrow keys.";
    box.className = "pointer";
    box.hidden = true;
    map.append(box);
    map.after(said);
    map.tabIndex = 0;
    map.setAttribute("role", "application");
    map.setAttribute("aria-label", "Fields of the map; arrow keys walk over them");
    let at = null, kept = false;
    const show = (row, place) => {
      if (at && at[0] === row && at[1] === place) return;
      at = [row, place];
      said.classList.add("said");
      const cell = rows[row].cells[place + 1], command = document.createElement("code");
      command.textContent = heads[place].command;
      said.replaceChildren(`${rows[row].cells[0].textContent}, ${heads[place].full}: ${cell.textContent} (${cell.title}) `, command);
      box.style.cssText = `left:${100 * (left + place * column)}%;top:${100 * tops[row]}%;`
        + `width:${100 * column}%;height:${100 * height}%`;
      box.hidden = false;
    };
    const under = (event) => {
      const room = svg.getBoundingClientRect();
      const place = Math.floor(((event.clientX - room.left) / room.width - left) / column);
      const y = (event.clientY - room.top) / room.height;
      const row = tops.findIndex((top) => y >= top && y < top + height);
      return row >= 0 && place >= 0 && place < heads.length ? [row, place] : null;
    };
    // A click keeps the field, so that its command can be copied.
    map.addEventListener("pointermove", (event) => { const found = under(event); if (found && !kept) show(...found); });
    map.addEventListener("click", (event) => {
      const found = under(event);
      kept = Boolean(found) && !(kept && at && found[0] === at[0] && found[1] === at[1]);
      if (found) show(...found);
    });
    map.addEventListener("keydown", (event) => {
      const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!by) return;
      event.preventDefault();
      const [row, place] = at ?? [-by[0], -by[1]];
      show(Math.min(rows.length - 1, Math.max(0, row + by[0])), Math.min(heads.length - 1, Math.max(0, place + by[1])));
    });
  };

  document.querySelectorAll(".map").forEach(addPointing);

  for (const table of document.querySelectorAll("table.sortable")) {
    const rows = [...table.tBodies[0].rows];
    if (rows.length > 1) addButtons(table, rows);
    if (rows.length >= FEW_ROWS) addFilter(table, rows);
  }

  // Paper cannot be opened.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")].filter((one) => !one.closest("td"));
    closed.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((one) => { one.open = false; }));
})();
