// What all keys of a user may use and be used from: JSON lists beside those of each key.
import type { Migration } from './migration.ts';

export const userLists: Migration = {
  number: 7,
  name: 'user-lists',
  statements: ['ALTER TABLE users ADD COLUMN models TEXT', 'ALTER TABLE users ADD COLUMN addresses TEXT'],
};
