import { describe, expect, test } from 'vitest';
import { Secret } from '../../../../src/core/secret.ts';
import { html, trusted } from '../../../../src/core/serve/web/html.ts';

describe('html', () => {
  test('escapes what could end a text or a quoted attribute', () => {
    const hostile = `"><script>alert('1')</script>&amp;`;
    expect(html`<a title="${hostile}">${hostile}</a>`.text).toBe(
      '<a title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;">' +
        '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;</a>',
    );
  });

  test('leaves markup of its own alone, in lists too, and nothing of what is absent', () => {
    const items = ['<a>', '<b>'].map((item) => html`<li>${item}</li>`);
    expect(html`<ul>${items}</ul>${undefined}${false}${0}${trusted('<hr>')}`.text).toBe(
      '<ul><li>&lt;a&gt;</li><li>&lt;b&gt;</li></ul>0<hr>',
    );
  });

  test('shows that there are characters that hide or turn text', () => {
    expect(html`${'a\u202eb\u2066c\u0000d\u001b[2Je\u009bf\tg\nh'}`.text).toBe(
      'a\ufffdb\ufffdc\ufffdd\ufffd[2Je\ufffdf\tg\nh',
    );
  });

  test('replaces known secrets before they are escaped', () => {
    new Secret('p&ss<word>"1');
    expect(html`<p>${'it is p&ss<word>"1!'}</p>`.text).toBe('<p>it is [secret]!</p>');
  });
});
