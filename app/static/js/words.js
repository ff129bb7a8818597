// What scripts say, in the language of the page: what the body does not know (app/web/languages.py) is said in English.
//   _("Live, {span} ago", { span })             a text with its facts
//   _n("{n} new case", "{n} new cases", 3)      a text of one or of many, as the language counts
(() => {
  "use strict";

  const known = JSON.parse(document.body.dataset.words || "{}"), { lang } = document.documentElement;
  const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (all, name) => (name in facts ? facts[name] : all));
  const say = (text, facts = {}) => fill(known[text] || text, facts);
  const sayMany = (one, many, n) => {
    const forms = known[many];
    const text = forms ? forms[new Intl.PluralRules(lang).select(n)] || forms.other : n === 1 ? one : many;
    return fill(text, { n });
  };

  window._ = say;
  window._n = sayMany;
})();
