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
