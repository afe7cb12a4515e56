import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Settings } from '../settings.js';
import { GatewayModule } from './gateway.module.js';

/** The gateway, ready to `listen()`. */
export const createGateway = (settings: Settings): Promise<INestApplication> =>
  NestFactory.create(GatewayModule.over(settings), { logger: ['warn', 'error', 'fatal'] });
