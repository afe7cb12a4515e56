import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { range, type Observable } from 'rxjs';
import { add, type Sum, type Terms } from '../measure/load.js';

/** What servers of a fleet can do. */
@Controller()
export class FleetController {
  handledEvents = 0;
  heldCalls = 0;
  private gate = newGate();

  @MessagePattern('sum')
  sum(@Payload() terms: Terms): Sum {
    return add(terms);
  }

  @MessagePattern('echo')
  echo(@Payload() text: string): string {
    return text;
  }

  @MessagePattern('stream')
  stream(@Payload() values: number): Observable<number> {
    return range(0, values);
  }

  @EventPattern('event')
  event(@Payload() _at: number): void {
    this.handledEvents += 1;
  }

  @MessagePattern('hold')
  hold(@Payload() at: number): Promise<number> {
    this.heldCalls += 1;
    return this.gate.opened.then(() => at);
  }

  release(): void {
    this.gate.open();
    this.gate = newGate();
    this.heldCalls = 0;
  }
}

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function newGate(): Gate {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
