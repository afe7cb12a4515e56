import { connect } from 'node:net';
import { OwnSockets } from '../../../../lib/driver/kafkajs/sockets.js';

/** Nobody listens there. */
const refusing = { host: '127.0.0.1', port: 1, onConnect: () => undefined };

describe('the sockets of a connection', () => {
  it("gather no listeners while a broker refuses them, the user's own neither", async () => {
    const sockets = new OwnSockets(({ host, port, onConnect }) => connect({ host, port }, onConnect));
    const socket = sockets.factory(refusing as never);
    await new Promise((resolve) => socket.once('error', resolve));

    // As kafkajs does each time that it is told to disconnect.
    for (let i = 0; i < 20; i++) socket.unref();

    expect(socket.listenerCount('connect')).toBeLessThan(3);
  });

  it('end with it, and none is made after', async () => {
    const sockets = new OwnSockets(({ host, port }) => connect({ host, port }));
    const socket = sockets.factory(refusing as never);
    const failed = new Promise((resolve) => socket.once('error', resolve));
    sockets.destroy();
    await failed;
    expect(socket.destroyed).toBe(true);
    expect(() => sockets.factory(refusing as never)).toThrow('closed');
  });
});
