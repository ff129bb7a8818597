import json,re,string
from babel.messages.pofile import read_po
src=json.load(open('/tmp/de6/part1.json')); out=json.load(open('/tmp/de6/done1.json'))
key=lambda e:(json.dumps(e['id']),e['context'])
a,b=[key(e) for e in src],[key(e) for e in out]
assert a==b and len(set(b))==len(b), 'ids'
names=lambda s:sorted(f for _,f,_,_ in string.Formatter().parse(s) if f is not None)
for e in out:
    ids=e['id'] if isinstance(e['id'],list) else [e['id']]; de=e['de'] if isinstance(e['de'],list) else [e['de']]
    assert set(e)=={'id','context','de'} and len(ids)==len(de) and isinstance(e['id'],list)==isinstance(e['de'],list),e
    for i,d in zip(ids,de):
        assert names(i)==names(d),(i,d)
        assert d.strip()==d and d and '<' not in d,d
        if (i[-1] in '.?!:')!=(d[-1] in '.?!:') or re.search(r'["\']',d): print('look',i,d)
c=read_po(open('/work/main/app/translations/de/LC_MESSAGES/messages.po','rb'))
for e in out:
    i=tuple(e['id']) if isinstance(e['id'],list) else e['id']
    m=c.get(i if isinstance(i,str) else i[0],e['context'])
    if m: print('in catalog already:',i,m.string,'|',e['de'])
print(len(out),'ok')
