import { IsNumber } from 'class-validator';

/** What `sum.add` takes. */
export class Terms {
  @IsNumber()
  a!: number;

  @IsNumber()
  b!: number;
}
