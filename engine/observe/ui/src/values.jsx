// Values of records and parameters. Whatever they hold is text: nothing here makes markup of it.

const MOST_CHARACTERS = 4000;

export function Text({ value }) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? "";
  if (text.length <= MOST_CHARACTERS) return text;
  return <>{text.slice(0, MOST_CHARACTERS)}<span class="quiet"> … {text.length - MOST_CHARACTERS} more characters</span></>;
}

export function Fields({ of }) {
  const entries = Object.entries(of ?? {});
  if (entries.length === 0) return <p class="quiet">None.</p>;
  return <dl class="fields">{entries.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd><Text value={value} /></dd>])}</dl>;
}

// pairs: [name, value]; those without a value are left out.
export function Figures({ pairs }) {
  return <dl class="figures">{pairs.filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

export function excerptOf(record) {
  const text = Object.values(record ?? {}).filter(value => typeof value === "string").sort((a, b) => b.length - a.length)[0] ?? "";
  return text.length > 90 ? text.slice(0, 90) + "…" : text;
}
