import { IsInt, IsNotEmpty, IsNumber, IsString, Max, Min } from 'class-validator';

export class Terms {
  @IsNumber()
  a!: number;

  @IsNumber()
  b!: number;
}

export class Limit {
  @IsInt()
  @Min(0)
  @Max(10_000_000)
  limit!: number;
}

export class SumId {
  @IsInt()
  id!: number;
}

export class Audit {
  @IsString()
  @IsNotEmpty()
  account!: string;
}
