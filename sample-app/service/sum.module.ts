import { Module } from '@nestjs/common';
import { SumController } from './sum.controller.js';

@Module({ controllers: [SumController] })
export class SumModule {}
