// The starters' texts, each after a line end that is left out. Each trains as it stands; a test
// compiles them all.
#include "frontend/description/starters.h"

#include <algorithm>
#include <array>

namespace weft {
namespace {

constexpr std::string_view kTextCnn =
    R"model(
# A convolutional network for sentences (Kim 2014): filters of several widths slide over the word
# vectors, the strongest answer of each filter is kept, and a fully connected layer decides.
model textcnn

# How a text becomes words. Words that occur less than min_count times, and words beyond the
# vocabulary, are one unknown word.
text   tokenizer=words lowercase=true vocabulary=30000 min_count=1 max_tokens=400

# Constants: `--set width=200` overrides one from the command line, `weft tune` searches them all.
width    = 300
channels = 100
drop     = 0.5

# Pretrained word vectors of the same width make it better where texts are few: --vectors FILE, or
# here vectors="FILE"; `static` keeps them as they are.
# word_dropout: a tenth of the words is unknown in each step, so that no single word decides, and
# the model learns what to make of words that it does not know.
x      = embedding(text, width=width, word_dropout=0.1)
a      = x | conv1d(channels=channels, kernel=3) | relu | max_pool
b      = x | conv1d(channels=channels, kernel=4) | relu | max_pool
c      = x | conv1d(channels=channels, kernel=5) | relu | max_pool
logits = concat(a, b, c) | dropout(drop) | linear(labels)

# softmax: each text has one label. sigmoid(logits): a text can have several.
output softmax(logits)

# Optimizers: adam, adamw, sgd, adadelta, adagrad, lion; as lazy_adam … a word's vector stays as it
# is in steps whose batch lacks the word: another optimizer, not the same one made faster.
# average: the mean of the weights at the ends of the last epochs, usually better than each of them.
# steps: where texts are few, so many epochs that there are as many steps.
# `weft layers train` lists all that this line may say.
train  adam(rate=0.001) batch=50 epochs=6 steps=600 average=3
)model";

constexpr std::string_view kTextCnnVectors =
    R"model(
# The same begun with pretrained word vectors, which make it better where texts are few: two tables
# hold the file's vectors; one stays as it is, one is trained (Kim 2014's two channels, side by
# side).
#
#   weft train MODEL --data FILE --vectors glove.6B.100d.txt -o PLAN
model textcnn_vectors

text   tokenizer=words lowercase=true vocabulary=30000 max_tokens=400

# The vectors' own width: `--set width=300` for files of 300 numbers a word. They are made smaller,
# so that training can move them as far as it needs to.
width    = 100
channels = 200
drop     = 0.5

# word_dropout: a tenth of the words is unknown in each step, so that no single word decides.
kept   = embedding(text, width=width, static, word_dropout=0.1)
tuned  = embedding(text, width=width, word_dropout=0.1)
both   = concat(kept, tuned)
x      = both * 0.25
a      = x | conv1d(channels=channels, kernel=1) | relu | max_pool
b      = x | conv1d(channels=channels, kernel=2) | relu | max_pool
c      = x | conv1d(channels=channels, kernel=3) | relu | max_pool
d      = x | conv1d(channels=channels, kernel=4) | relu | max_pool
logits = concat(a, b, c, d) | dropout(drop) | linear(labels)
output softmax(logits)

train  adam(rate=0.0005) batch=50 epochs=10 steps=600 average=5 label_smoothing=0.1
)model";

constexpr std::string_view kTextCnnZh =
    R"model(
# A convolutional network for Chinese: the text is read character by character, so that no word
# segmenter can be wrong, and filters of one to four characters find the words.
model textcnn_zh

# nfkc makes full-width letters and digits (Ａ１) equal to the usual ones (A1).
# tokenizer=words cuts at dictionary words instead.
text   tokenizer=characters nfkc=true vocabulary=10000 max_tokens=400

width    = 400
channels = 200
drop     = 0.5

# word_dropout: a tenth of the characters is unknown in each step, so that none decides alone.
x      = embedding(text, width=width, word_dropout=0.1)
a      = x | conv1d(channels=channels, kernel=1) | relu | max_pool
b      = x | conv1d(channels=channels, kernel=2) | relu | max_pool
c      = x | conv1d(channels=channels, kernel=3) | relu | max_pool
d      = x | conv1d(channels=channels, kernel=4) | relu | max_pool
logits = concat(a, b, c, d) | dropout(drop) | linear(labels)
output softmax(logits)

# average: the mean of the weights at the ends of the last epochs, usually better than each of them.
train  adam(rate=0.001) batch=64 epochs=8 steps=600 average=4 label_smoothing=0.1
)model";

constexpr std::string_view kBert =
    R"model(
# A published encoder (BERT, RoBERTa, DistilBERT; of any language) trained further on your texts,
# with a fully connected layer on the first token. Its folder is named on the command line:
#
#   weft train MODEL --data FILE --pretrained FOLDER -o PLAN
model bert

# The model brings its tokenizer; later tokens of a text are not read: long=windows reads them by
# overlapping windows. pair=true reads two texts together, from two columns of the data.
text   max_tokens=128

# freeze=4 leaves the four lowest layers as they are; rate=0.9 lets each layer learn a tenth slower
# than the one above it.
x      = pretrained(text)
logits = x | first | pooler | dropout(0.1) | linear(labels, pretrained="classifier")
output softmax(logits)

# The rate rises over the first tenth of the steps, then falls to 0 (Devlin et al. 2018).
train  adamw(rate=0.00005) batch=32 epochs=3 schedule=linear warmup=0.1 clip_norm=1
)model";

constexpr std::string_view kBertCnn =
    R"model(
# A convolutional network over the rows of a published encoder, which stays as it is (`static`):
# each text goes through it once, and later epochs train only what follows. To train both, leave
# `static` out, and let rate=0.00005.
#
#   weft train MODEL --data FILE --pretrained FOLDER -o PLAN
model bert_cnn

text   max_tokens=128

channels = 100

x      = pretrained(text, static)
a      = x | conv1d(channels=channels, kernel=2) | relu | max_pool
b      = x | conv1d(channels=channels, kernel=3) | relu | max_pool
c      = x | conv1d(channels=channels, kernel=4) | relu | max_pool
logits = concat(a, b, c) | dropout(0.5) | linear(labels)
output softmax(logits)

train  adamw(rate=0.001, weight_decay=0.01) batch=32 epochs=5
)model";

constexpr std::string_view kGpt2 =
    R"model(
# A published GPT-2 trained further on your texts, with a fully connected layer on the last token,
# the only one that has read the whole text.
#
#   weft train MODEL --data FILE --pretrained FOLDER -o PLAN
model gpt2

text   max_tokens=128

x      = pretrained(text)
logits = x | last | linear(labels, bias=false, pretrained="classifier")
output softmax(logits)

train  adamw(rate=0.00005) batch=32 epochs=3 schedule=linear warmup=0.1 clip_norm=1
)model";

constexpr std::string_view kDeepCnnZh =
    R"model(
# textcnn-zh with two convolutions stacked beside it, which see five and seven characters through
# what they have learnt of the shorter ones: a point more accurate on short titles, but convolutions
# of convolutions are no table lookups: eighty times slower to predict.
model deepcnn_zh

text   tokenizer=characters nfkc=true vocabulary=10000 max_tokens=400

width    = 400
channels = 200
drop     = 0.5

x      = embedding(text, width=width, word_dropout=0.1)
y      = x | conv1d(channels=width, kernel=3) | relu
z      = y | conv1d(channels=width, kernel=3) | relu
a      = x | conv1d(channels=channels, kernel=1) | relu | max_pool
b      = x | conv1d(channels=channels, kernel=2) | relu | max_pool
c      = x | conv1d(channels=channels, kernel=3) | relu | max_pool
d      = x | conv1d(channels=channels, kernel=4) | relu | max_pool
e      = y | conv1d(channels=channels, kernel=3) | relu | max_pool
f      = z | conv1d(channels=channels, kernel=3) | relu | max_pool
logits = concat(a, b, c, d, e, f) | dropout(drop) | linear(labels)
output softmax(logits)

train  adam(rate=0.001) batch=64 epochs=12 steps=600 average=6 label_smoothing=0.1
)model";

constexpr std::string_view kDeepCnn =
    R"model(
# A deeper network for longer texts: stacked convolutions with local pooling between them, so that
# each layer sees a wider stretch of the text, and a residual connection.
model deepcnn

text   tokenizer=words lowercase=true vocabulary=30000 max_tokens=400

width    = 128
channels = 128

x      = embedding(text, width=width, dropout=0.2)
h      = x | conv1d(channels=channels, kernel=3) | relu
r      = h | conv1d(channels=channels, kernel=3) | batch_norm
y      = h + r | relu | max_pool(size=3, stride=2)
z      = y | conv1d(channels=channels, kernel=3) | relu
logits = concat(z | max_pool, z | mean_pool)
       | linear(channels) | relu | dropout(0.5) | linear(labels)
output softmax(logits)

train  adamw(rate=0.001, weight_decay=0.01) batch=50 epochs=10 steps=600
)model";

constexpr std::string_view kTfidf =
    R"model(
# A linear model of words, pairs of words and groups of letters, weighted by TF-IDF: the strongest
# simple model, from a few texts a label up, and the smallest. Words that it never met say nothing.
model tfidf

# Groups of 2 to 5 letters read inflected and misspelt words. Buckets that no text of the data has
# are left out, so that they may be many.
text   tokenizer=ngrams min_letters=2 max_letters=5 word_ngrams=2 vocabulary=200000 buckets=2000000

logits = tfidf(text, units=labels)
output softmax(logits)

# Texts' vectors have one length, and there is one optimum: plain gradient descent may take large
# steps, which become smaller to the end. Where texts have several labels, by `output
# sigmoid(logits)`, the rate is 60 times the number of labels.
train  sgd(rate=60) batch=64 epochs=6 steps=1200 schedule=linear
)model";

constexpr std::string_view kTfidfChinese =
    R"model(
# A linear model of characters and pairs of characters, weighted by TF-IDF, for Chinese: most words
# are pairs, so that no word segmenter is needed. The strongest simple model, from a few texts a
# label up, and the smallest. Characters that it never met say nothing.
model tfidf_zh

text   tokenizer=characters word_ngrams=2 vocabulary=200000 max_tokens=400

logits = tfidf(text, units=labels)
output softmax(logits)

# Texts' vectors have one length, and there is one optimum: plain gradient descent may take large
# steps, which become smaller to the end. Where texts have several labels, by `output
# sigmoid(logits)`, the rate is 60 times the number of labels.
train  sgd(rate=60) batch=64 epochs=6 steps=1200 schedule=linear
)model";

constexpr std::string_view kBagOfWords =
    R"model(
# A bag of words and of pairs of words: the mean of their vectors, then a linear layer. Blind
# to most of the order of words; for very many texts or labels.
model bow

# word_ngrams=2: pairs of neighbouring words are terms too, so that `not good` is not `good`.
text   tokenizer=words lowercase=true word_ngrams=2 vocabulary=200000 max_tokens=400

width  = 64
drop   = 0.5

# A few passes over the data are enough, and words and numbers dropped at random keep it from
# learning the texts by heart.
x      = embedding(text, width=width, word_dropout=0.05)
logits = x | mean_pool | dropout(drop) | linear(labels)
output softmax(logits)

# adagrad: a word's steps become smaller the more often it was seen, so that rare words learn fast;
# epsilon holds back what was seen only once or twice.
train  adagrad(rate=0.1, epsilon=0.00003) batch=64 epochs=6 steps=1200 average=3
)model";

constexpr std::string_view kBagOfCharacters =
    R"model(
# A bag of characters and of pairs of characters, for Chinese: most words are pairs, so that no word
# segmenter is needed. Blind to most of the order; for very many labels.
model bow_zh

text   tokenizer=characters word_ngrams=2 vocabulary=200000 max_tokens=400

width  = 64
drop   = 0.5

# A few passes over the data are enough, and characters and numbers dropped at random keep it from
# learning the texts by heart.
x      = embedding(text, width=width, word_dropout=0.05)
logits = x | mean_pool | dropout(drop) | linear(labels)
output softmax(logits)

# adagrad: a word's steps become smaller the more often it was seen, so that rare words learn fast;
# epsilon holds back what was seen only once or twice.
train  adagrad(rate=0.1, epsilon=0.00003) batch=64 epochs=6 steps=1200 average=3
)model";

constexpr std::string_view kFastText =
    R"model(
# fastText's classifier (Joulin et al. 2016): the mean of the vectors of words and of hashed n-grams
# of words and groups of letters, then a linear layer. Texts are cut at spaces: what has none, such
# as Chinese, must be segmented before, or read by groups of letters.
model fasttext

# As fastText's -wordNgrams 2 -bucket 200000, but that case and variants of letters do not count;
# lowercase=false nfkc=false reads words as they are written. min_count=5 leaves out rare words;
# min_letters=3 max_letters=6 reads groups of letters too, for inflected languages, names and
# misspellings.
text   tokenizer=fasttext word_ngrams=2 buckets=200000 vocabulary=1000000 max_tokens=1024

width  = 100

x      = embedding(text, width=width)
logits = x | mean_pool | linear(labels, bias=false)

# As -loss softmax. `output sigmoid(logits)` is as -loss ova. For thousands of labels and more, as
# -loss hs, write in the place of the line above and of this one:
#   h      = x | mean_pool
#   output hierarchical_softmax(h)
output softmax(logits)

# adagrad needs fewer epochs than fastText's descent, and no rate to be found.
train  adagrad(rate=0.1, epsilon=0.00003) batch=64 epochs=6 steps=1200 average=3
)model";

constexpr std::array kStarters = {
    Starter{"tfidf", "a linear model of words, their pairs and groups of letters: try it first",
            kTfidf},
    Starter{"tfidf-zh", "tfidf for Chinese: characters and pairs of characters", kTfidfChinese},
    Starter{"bow", "words and pairs of words, whatever their order: for very many texts or labels",
            kBagOfWords},
    Starter{"bow-zh", "bow for Chinese: characters and pairs of characters", kBagOfCharacters},
    Starter{"fasttext",
            "fastText's classifier: words, hashed n-grams of words and groups of letters",
            kFastText},
    Starter{"textcnn", "convolutions of several widths, max pooling (Kim 2014): phrases of words",
            kTextCnn},
    Starter{"textcnn-vectors", "the same begun with pretrained word vectors: --vectors FILE",
            kTextCnnVectors},
    Starter{"textcnn-zh", "textcnn for Chinese, character by character", kTextCnnZh},
    Starter{"deepcnn", "stacked convolutions with local pooling and a residual, for longer texts",
            kDeepCnn},
    Starter{"deepcnn-zh", "textcnn-zh with stacked convolutions beside: better, but much slower",
            kDeepCnnZh},
    Starter{"bert", "a published BERT or the like trained further: --pretrained FOLDER", kBert},
    Starter{"bert-cnn", "convolutions over the rows of a published encoder: --pretrained FOLDER",
            kBertCnn},
    Starter{"gpt2", "a published GPT-2 trained further: --pretrained FOLDER", kGpt2},
};

}  // namespace

std::span<const Starter> all_starters() {
  static const auto starters = [] {
    auto table = kStarters;
    for (Starter& starter : table) starter.text.remove_prefix(1);
    return table;
  }();
  return starters;
}

const Starter* find_starter(std::string_view name) {
  const auto starters = all_starters();
  const auto at = std::ranges::find(starters, name, &Starter::name);
  return at == starters.end() ? nullptr : &*at;
}

}  // namespace weft
