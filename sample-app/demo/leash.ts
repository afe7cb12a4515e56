/**
 * Loaded into service and gateway before their own code: when the demo is gone, in whatever way, the pipe to it ends, and they
 * shut down as they would for `kill`.
 */
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.on('error', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();
(process.stdin as { unref?: () => void }).unref?.();
