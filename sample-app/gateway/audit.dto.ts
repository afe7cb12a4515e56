import { IsNotEmpty, IsString } from 'class-validator';

/** Checked here and not by the service alone: nobody hears of an event that is refused there. */
export class Audit {
  @IsString()
  @IsNotEmpty()
  account!: string;
}
