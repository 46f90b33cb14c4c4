// The client of the dashboards: connects and prints all that it hears, a line of JSON each.
// node client.mjs URL TRANSPORT TOKEN, with TOKEN empty for none, `?TOKEN` to show it in the address, `cookie:COOKIE` to
// come with a page's session instead, from the page at ORIGIN if that is given behind a space.

import { createRequire } from 'node:module';

const { io } = createRequire(`${process.cwd()}/`)('socket.io-client');
const [url, transport, token] = process.argv.slice(2);
const entering = () => {
  if (token.startsWith('cookie:')) {
    const [cookie, origin] = token.slice('cookie:'.length).split(' ');
    return { extraHeaders: { Cookie: cookie, Origin: origin ?? url } };
  }
  if (token.startsWith('?')) return { query: { token: token.slice(1) } };
  return token ? { auth: { token } } : {};
};
const say = (name, value) => process.stdout.write(`${JSON.stringify([name, value ?? null])}\n`);
const socket = io(url, { ...entering(), transports: [transport], reconnection: false });
socket.on('connect', () => {
  say('connect', { transport: socket.io.engine.transport.name });
  socket.emit('agent_authenticate', { agentId: '999' });
});
socket.on('connect_error', (error) => {
  say('connect_error', error.message);
});
socket.on('disconnect', (reason) => say('disconnect', reason));
socket.onAny(say);
process.stdin.on('end', () => process.exit(0)).resume();
