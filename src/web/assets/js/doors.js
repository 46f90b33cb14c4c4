// The doors by which channels reach the box, as admins give them to others: the address of each, under which name the
// box tells what came by it, and what its way out wants in the configuration file.

/** @typedef {{ door: string, label: string, path: string, wantsToken: boolean, out: string }} Door `out`: lines of the configuration; empty where answers go out without any */

/** @param {string} instance @param {string} kind @param {string} scheme @param {string} rest */
const bridge = (instance, kind, scheme, rest) => `[[whatsapp.bridges]]\ninstance = "${instance}"\nkind = "${kind}"\nurl = "${scheme}://${rest}"\ntoken = ""`;

/** @type {Door[]} */
export const DOORS = [
  { door: 'baileys', label: 'WhatsApp · Baileys', path: '/webhook/baileys', wantsToken: true, out: bridge('default', 'baileys', 'http', '10.0.0.5:3000/send') },
  { door: 'evolution', label: 'WhatsApp · Evolution API', path: '/webhook/evolution', wantsToken: true, out: bridge('evolution:INSTANCE', 'evolution', 'http', '10.0.0.5:8080') },
  { door: 'waha', label: 'WhatsApp · WAHA', path: '/webhook/waha', wantsToken: true, out: bridge('waha:default', 'waha', 'http', '10.0.0.5:3000') },
  { door: 'wuzapi', label: 'WhatsApp · WuzAPI', path: '/webhook/wuzapi', wantsToken: true, out: bridge('wuzapi:NAME', 'wuzapi', 'http', '10.0.0.5:8080') },
  { door: 'whapi', label: 'WhatsApp · Whapi', path: '/webhook/whapi', wantsToken: true, out: bridge('whapi:CHANNEL_ID', 'whapi', 'https', 'gate.whapi.cloud') },
  { door: 'whatsapp', label: 'WhatsApp · Meta', path: '/webhook/whatsapp', wantsToken: true, out: bridge('meta:PHONE_NUMBER_ID', 'meta', 'https', 'graph.facebook.com') },
  { door: 'call', label: 'Calls', path: '/ingest/calls/SESSION', wantsToken: true, out: '' },
  { door: 'realtime', label: 'Realtime', path: '/ingest/realtime', wantsToken: true, out: '' },
  { door: 'email', label: 'E-mail', path: '/webhook/email', wantsToken: true, out: '' },
  { door: 'zendesk', label: 'Zendesk', path: '/api/tickets/webhook/zendesk', wantsToken: true, out: '' },
  { door: 'intercom', label: 'Intercom', path: '/api/tickets/webhook/intercom', wantsToken: true, out: '' },
  { door: 'chat', label: 'Chat', path: '/api/public/tickets/from-chat', wantsToken: true, out: '' },
  { door: 'portal', label: 'Portal', path: '/portal', wantsToken: false, out: '' },
];

/** What others are given. Calls come over a WebSocket. @param {Door} door */
export const addressOf = ({ path }) => `${path.startsWith('/ingest') ? location.origin.replace('http', 'ws') : location.origin}${path}`;
