// Contacts as a table: out into a file that a spreadsheet opens, and in from one.

import { upload } from '../api.js';
import { h } from '../dom.js';
import { counted, number, t } from '../i18n.js';
import { openDialog } from '../parts/dialog.js';
import { icon } from '../parts/icons.js';
import { problem } from '../parts/toast.js';

const MAX_SHOWN = 50;

/** The two buttons. @param {() => void} done called when contacts came in */
export function tableTools(done) {
  const choice = h('input', { type: 'file', accept: '.csv,text/csv', hidden: true, 'aria-label': t('contacts.import'), onchange: () => void take() });
  async function take() {
    const file = choice.files[0];
    choice.value = '';
    if (!file) return;
    try {
      // Some systems call every table one of theirs.
      told(await upload('/api/contacts/import', new File([file], file.name, { type: 'text/csv' }), () => {}).done);
      done();
    } catch (error) {
      problem(error);
    }
  }
  return [choice, h('button', { class: 'quiet icon-only', title: t('contacts.import'), 'aria-label': t('contacts.import'), onclick: () => choice.click() }, icon('up')),
    h('a', { class: 'button quiet icon-only', href: '/api/contacts/export', download: 'contacts.csv', 'data-plain': true, title: t('contacts.export'), 'aria-label': t('contacts.export') }, icon('download'))];
}

/** What was taken, and which lines were not and why. @param {Api.Imported} answer */
function told({ taken, refused }) {
  openDialog(t('contacts.import'), [h('p', {}, counted('contacts.taken', taken)),
    refused.length > 0 && [h('p', {}, counted('contacts.refused', refused.length)), h('ul', { class: 'refused-lines' }, refused.slice(0, MAX_SHOWN).map(({ line, why }) => h('li', { dir: 'auto' }, h('strong', {}, number(line)), ' ', why)))]], 'narrow');
}
