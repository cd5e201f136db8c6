package prompt

import "strings"

// words is what prompts are made of: everyday words that most tokenizers hold as one token with a
// leading space. Their order is part of what a seed means; append, never reorder.
var words = strings.Fields(`
the of and to in is that for it as was with be by on not he his but at are this have from or had an
they which one you were all her she there would their we him been has when who will no more if out
so up said what its about than into them can only other time new some could these two may first then
do any like my now over such our man me even most made after also did many off before must well back
through years where much your way down should because long each just state those people too mr how
little good world make very year still see own work men day get here old life both between being
under three never know same last another while us might great go come since against right came take
used himself few house use place during high without again home around small however found thought
went say part once general school upon every don does got united left number course war until always
away something fact water though public less put think almost hand enough far took head yet
government system better set told nothing night end why called eyes find going look asked later knew
point next program city business give group toward young days let room word side social given
several order early large face four done often family best power big form light service per area
hold line kind name door others study church car field body show help feel mind market story turn
human political company matter question level problem second week student run least child girl boy
book money job game team person party land air local open information idea value interest health art
true history result change morning reason research moment teacher force education age policy music
bed white black road act free law office food mother father death sense period table ground center
plan class action river paper space support data five six seven eight nine ten hundred thousand
million half third north south east west summer winter spring fall green red blue brown gold silver
stone wood fire earth sun moon star sky sea lake hill tree leaf root seed grass flower bird fish
horse dog cat cow sheep farm town village street bridge wall window floor roof garden kitchen chair
bread milk meat salt sugar fruit apple corn rice tea coffee wine beer cup glass plate knife spoon
shoe coat hat shirt dress ring watch key lock bag box ball king queen prince lord lady doctor nurse
judge guard captain soldier writer artist singer driver player leader member friend enemy guest
partner neighbor owner manager worker farmer hunter builder read write speak talk hear listen learn
teach play sing dance walk ride drive fly swim climb jump throw catch carry push pull lift drop
break cut build grow plant pick eat drink cook sleep wake rest stand sit lie move stop start begin
finish close cover fill empty wash clean buy sell pay cost save spend lose win choose keep send
bring meet join follow lead wait stay leave return visit remember forget believe hope wish want need
love hate fear enjoy suffer laugh cry smile strong weak hard soft hot cold warm cool dry wet fast
slow quick easy simple rich poor full short tall wide deep thin thick heavy bright dark clear quiet
loud sharp smooth rough sweet bitter happy sad angry calm brave wise foolish honest fair equal
certain common rare special single double main major minor final total whole entire real false
recent modern ancient future past present daily weekly annual national foreign private personal
natural physical medical legal military economic financial industrial technical scientific image
letter page report list note map chart record film photo screen phone radio signal engine machine
tool metal iron steel oil gas coal copper paint cloth cotton wool leather rope wheel boat ship train
plane truck station port island coast beach desert forest mountain valley cloud rain snow wind storm
ice heat energy motion speed weight length width height depth angle circle square corner edge top
bottom front middle inside outside above below beside near across along behind beyond within among
despite except unless whether although therefore indeed perhaps maybe quite rather nearly
`)
