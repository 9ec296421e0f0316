import type { FakeAccount, ForgeState } from './state.ts';

export function userJson(account: FakeAccount): unknown {
  return {
    id: account.id,
    login: account.login,
    full_name: '',
    email: `${account.login}@noreply.example.org`,
    is_admin: false,
  };
}

export function ownerJson(state: ForgeState, login: string): unknown {
  const account = state.accounts.get(login.toLowerCase());
  return account === undefined ? { id: 1, login } : userJson(account);
}
