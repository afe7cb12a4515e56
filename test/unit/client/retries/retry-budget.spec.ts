import { RetryBudget } from '../../../../lib/client/retries/retry-budget.js';

describe('the budget of retries', () => {
  const budgetOf = (failed: number, succeeded = 0): RetryBudget => {
    const budget = new RetryBudget({ maxTokens: 10, tokenRatio: 0.5 });
    for (let i = 0; i < failed; i++) budget.failed();
    for (let i = 0; i < succeeded; i++) budget.succeeded();
    return budget;
  };

  it('allows retries while more than half of its tokens are there', () => {
    expect([0, 4, 5, 50].map((failed) => budgetOf(failed).allows)).toEqual([true, true, false, false]);
  });

  it('gets back a part of a token for each call that succeeds, from nothing', () => {
    expect([2, 10, 11].map((succeeded) => budgetOf(50, succeeded).allows)).toEqual([false, false, true]);
  });

  it('holds no more than its tokens', () => {
    const budget = budgetOf(0, 1_000);
    for (let i = 0; i < 5; i++) budget.failed();
    expect(budget.allows).toBe(false);
  });
});
