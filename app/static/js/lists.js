/* Lists: choosing rows, menus that close by themselves. Without it every box and button works all the same. */
(() => {
  'use strict';
  const { _, _n } = window;
  const boxes = () => [...document.querySelectorAll('input[name=row][form=bulk]')];
  let last = null;

  function tell() {
    const bar = document.getElementById('bulk');
    if (!bar) return;
    const all = bar.querySelector('[name=all]').checked;
    const rows = boxes();
    const chosen = rows.filter((box) => box.checked).length;
    const [one, many] = bar.dataset.nouns.split('|');
    bar.querySelector('[data-bulk-count]').textContent = all
      ? _(`Every ${one} that matches`)
      : chosen ? _n(`{n} ${one} chosen`, `{n} ${many} chosen`, chosen) : _(`Tick ${many} to change them together.`);
    bar.classList.toggle('is-on', all || chosen > 0);
    bar.classList.toggle('is-idle', !all && !chosen);
    const head = document.querySelector('[data-choose-page]');
    if (head) {
      head.checked = chosen > 0 && chosen === rows.length;
      head.indeterminate = chosen > 0 && chosen < rows.length;
    }
  }

  document.addEventListener('change', (event) => {
    const box = event.target;
    if (box.matches?.('[data-choose-page]')) for (const row of boxes()) row.checked = box.checked;
    if (box.matches?.('[data-choose-page], input[name=row], #bulk [name=all]')) tell();
  });

  // With the shift key everything between two boxes is chosen.
  document.addEventListener('click', (event) => {
    const box = event.target;
    if (!box.matches?.('input[name=row][form=bulk]')) return;
    const rows = boxes();
    if (event.shiftKey && last && rows.includes(last)) {
      const [from, to] = [rows.indexOf(last), rows.indexOf(box)].sort((a, b) => a - b);
      for (const row of rows.slice(from, to + 1)) row.checked = box.checked;
      tell();
    }
    last = box;
  });

  // A press beside an open menu, or Escape, closes it.
  function close(keep) {
    for (const menu of document.querySelectorAll('details.drop[open]')) if (!keep || !menu.contains(keep)) menu.open = false;
  }
  document.addEventListener('click', (event) => close(event.target));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    const open = document.querySelector('details.drop[open]');
    if (open) { close(); open.querySelector('summary').focus(); }
  });

  tell();
  // Going back, a browser may have kept the ticks.
  window.addEventListener('pageshow', tell);
  document.addEventListener('htmx:afterSettle', tell);
})();
