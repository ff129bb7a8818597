// Names offered after an @ in a note. Without this, names are typed in full.
(() => {
  'use strict';

  // What stands between the last @ and the caret: a beginning of a name, nothing before it but space.
  const BEGUN = /(?:^|[^\p{L}\p{N}_@.])@([\p{L}\p{N}][\p{L}\p{N}'’ -]{0,40}|)$/u;
  const MOST = 6;
  let open = null;

  const people = (area) => {
    const form = area.form;
    const sees = form.querySelector('[name=sees]:checked, [name=sees][type=hidden]');
    const vendor = sees ? sees.dataset.vendor : '';
    return [...document.getElementById(area.dataset.mentions).options]
      .filter((one) => !one.dataset.vendor || one.dataset.vendor === vendor)
      .map((one) => ({ name: one.value, role: one.label }));
  };

  const begun = (area) => {
    if (area.selectionStart !== area.selectionEnd) return null;
    const found = BEGUN.exec(area.value.slice(0, area.selectionStart));
    return found ? found[1] : null;
  };

  const fitting = (area, word) => {
    const wanted = word.toLocaleLowerCase();
    const fits = (name) => name.toLocaleLowerCase().split(/\s+/)
      .some((_, i, parts) => parts.slice(i).join(' ').startsWith(wanted));
    return people(area).filter((one) => fits(one.name)).slice(0, MOST);
  };

  const close = () => {
    if (!open) return;
    open.list.remove();
    open.area.removeAttribute('aria-activedescendant');
    open.area.removeAttribute('aria-controls');
    open = null;
  };

  const point = (to) => {
    const rows = [...open.list.children];
    open.at = (to + rows.length) % rows.length;
    rows.forEach((row, i) => row.setAttribute('aria-selected', String(i === open.at)));
    open.area.setAttribute('aria-activedescendant', rows[open.at].id);
    rows[open.at].scrollIntoView({ block: 'nearest' });
  };

  const take = (index) => {
    const { area, found, word } = open;
    const end = area.selectionStart;
    area.setRangeText(`${found[index].name} `, end - word.length, end, 'end');
    close();
    area.focus();
  };

  const show = (area, word, found) => {
    close();
    const list = document.createElement('ul');
    list.className = 'offered';
    list.id = `${area.id}-offered`;
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-label', window._('People to tell'));
    found.forEach((one, i) => {
      const row = document.createElement('li');
      const role = document.createElement('span');
      row.id = `${list.id}-${i}`;
      row.setAttribute('role', 'option');
      row.append(one.name, role);
      role.textContent = one.role;
      // Before the text loses its caret.
      row.addEventListener('mousedown', (event) => { event.preventDefault(); take(i); });
      list.append(row);
    });
    area.after(list);
    open = { area, list, found, word, at: 0 };
    area.setAttribute('aria-controls', list.id);
    point(0);
  };

  document.addEventListener('input', (event) => {
    const area = event.target.closest('[data-mentions]');
    if (!area) return;
    area.setAttribute('aria-autocomplete', 'list');
    const word = begun(area);
    const found = word === null ? [] : fitting(area, word);
    if (found.length) show(area, word, found); else close();
  });

  document.addEventListener('keydown', (event) => {
    if (!open || event.target !== open.area || event.isComposing) return;
    const done = {
      ArrowDown: () => point(open.at + 1),
      ArrowUp: () => point(open.at - 1),
      Enter: () => take(open.at),
      Tab: () => take(open.at),
      Escape: close,
    }[event.key];
    if (!done) return;
    event.preventDefault();
    event.stopPropagation();
    done();
  }, true);

  document.addEventListener('focusout', (event) => { if (open && event.target === open.area) close(); });
  // Somebody else sees the note now: other people can be told.
  document.addEventListener('change', (event) => { if (event.target.name === 'sees') close(); });

  // Whoever opens the form wants to write.
  document.addEventListener('toggle', (event) => {
    if (event.target.matches('.note-new[open]')) event.target.querySelector('textarea').focus();
  }, true);
})();
