import { Transport, type TcpOptions } from '@nestjs/microservices';

export const PATTERN = 'sum.add';

/** The address; all else is as it comes. */
export const tcpOptions = (port: number) =>
  ({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }) satisfies TcpOptions;
