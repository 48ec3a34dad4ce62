/* A tokenizer: from texts to tokens and back. A pipeline names one for all of its data. Minor 3.

   A tokenizer has `save` and `load`, see spar_component. Its state is everything that `encode`
   depends on: the vocabulary, and the settings that change tokens. It is kept with a model's
   weights; two tokenizers of one type are equal if their states are, so the same vocabulary must
   give the same bytes. The calls, in this order: `create`; `load` if the model's weights come from
   a file that holds a state of this type, which fails if the settings of the pipeline contradict
   it; otherwise `info`, and if it answers SPAR_E_UNSUPPORTED, `learn`. From then on nothing
   changes. */
#ifndef SPAR_ABI_TOKENIZER_H
#define SPAR_ABI_TOKENIZER_H

#include "base.h"

typedef struct spar_tokenizer_info {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t vocabulary; /* tokens are in [0, vocabulary) */
    int64_t padding;    /* the token that fills rows */
    int64_t unknown;    /* the token for what the vocabulary lacks; -1: none */
    int64_t separator;  /* the token between the two texts of a pair; -1: none */
} spar_tokenizer_info;

/* The training texts, for `learn`. */
typedef struct spar_texts {
    uint32_t struct_size;
    uint32_t reserved;
    void *handle;
    int64_t count;
    /* Text `index`, valid until the next call. */
    spar_status (*text)(void *handle, int64_t index, const char **text, spar_error *error);
} spar_texts;

/* A text's tokens. The arrays are the caller's, with space for `room`; either may be null. */
typedef struct spar_encoding {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t room;
    int64_t *tokens;
    int32_t
        *words; /* out: the word of each token, numbered as by `words`; -1: none, as for [CLS] */
    int64_t length; /* out: tokens written */
    int64_t whole;  /* out: tokens of the whole text, more than length if it was cut */
} spar_encoding;

/* Word i of a text is its bytes [begins[i], ends[i]). Words are in order and do not overlap. */
typedef struct spar_words {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t room;    /* of the arrays, which are the caller's */
    int64_t *begins; /* may be null */
    int64_t *ends;   /* may be null */
    int64_t count;   /* out: words of the text; those past room are not written */
} spar_words;

/* Texts are valid UTF-8: the host sees to it. */
typedef struct spar_tokenizer_table {
    uint32_t struct_size;
    uint32_t reserved;
    /* [exclusive] SPAR_E_UNSUPPORTED as long as there is no vocabulary. */
    spar_status (*info)(void *self, spar_tokenizer_info *info, spar_error *error);
    /* [optional] [exclusive] Makes the vocabulary from the training texts, in the order of the
       training set. */
    spar_status (*learn)(void *self, const spar_texts *texts, spar_error *error);
    /* [thread-safe] A text that is too long is cut, but keeps its separators and the tokens that
       every text has. Deterministic. */
    spar_status (*encode)(void *self, const char *text, spar_encoding *encoding, spar_error *error);
    /* [thread-safe] The words of a text, which depend neither on the vocabulary nor on the room: an
       attack's budget counts them, and compares them byte by byte. Every byte that is neither white
       space nor a separator is in exactly one word. A punctuation mark may be one. */
    spar_status (*words)(void *self, const char *text, spar_words *words, spar_error *error);
    /* [thread-safe] The text of tokens, without padding and tokens that stand for no text. `size`
       in: bytes at `text`; out: bytes needed, the zero at the end included. Cut if there are too
       few; text may be null. `encode` may turn it into other tokens. */
    spar_status (*decode)(void *self, const int64_t *tokens, int64_t count, char *text,
                          int64_t *size, spar_error *error);
    /* [thread-safe] A token as the vocabulary writes it ("##ing"), valid as long as the instance;
       null for a number outside the vocabulary. */
    const char *(*token)(void *self, int64_t token);
    /* [thread-safe] The text of a token that is a whole word by itself, so that an attack may
       replace another word by it; null for every other token. Valid as long as the instance. */
    const char *(*word)(void *self, int64_t token);
} spar_tokenizer_table;

SPAR_ASSERT_LAYOUT(sizeof(spar_tokenizer_info) == 40);
SPAR_ASSERT_LAYOUT(sizeof(spar_texts) == 32);
SPAR_ASSERT_LAYOUT(sizeof(spar_encoding) == 48);
SPAR_ASSERT_LAYOUT(sizeof(spar_words) == 40);
SPAR_ASSERT_LAYOUT(sizeof(spar_tokenizer_table) == 64);

#endif
