#include "reading.hpp"
#include "targets.hpp"

namespace {

class Text : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "text",
        .summary =
            "Labelled texts from lines, tab-separated columns, CSV or lines of JSON, which "
            "the pipeline's tokenizer turns into tokens.",
        .formula =
            "tsv is lines of a label, a tab or a space, and a text, unless a parameter speaks of "
            "columns; csv is RFC 4180; jsonl is an object a line. Lines end in LF, CR LF or CR. "
            "Labels are whole numbers, names, or with targets: values numbers to predict",
        .example = R"({"version":2,"name":"text","seed":1,
 "data":{"tokenizer":{"type":"words"},"form":"presence",
         "train":{"type":"text","file":"train.tsv"},
         "test":{"type":"text","file":"dev.tsv"}},
 "model":{"type":"sequential","layers":[{"type":"linear","out":2}]},
 "threat":{"norm":"l2","eps":0.5},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"adam"},"epochs":1,"batch_size":32},
 "evaluate":{"attacks":[{"type":"fgsm"}]}})",
        .formerly = "tsv",
        .version_1 = R"({"quotes": "\"text\""})",
    };

    spar::Path file{this, "file", "the texts and their labels"};
    spar::Choice format{this,
                        "format",
                        "auto: by the ending of the file's name, .csv, .jsonl, .ndjson or .json, "
                        "and tsv for every other",
                        {"auto", "tsv", "csv", "jsonl"},
                        {.fallback = "auto"}};
    text::Column text_column{this, "text",
                             "the column or field of the text, by its name or, from 1, its number; "
                             "left out, \"text\", or without a header the second column"};
    text::Column text_pair{this, "text_pair",
                           "the column or field of the second text, where examples are pairs"};
    text::Column label_column{this, "label",
                              "the column or field of the label; left out, \"label\", or without "
                              "a header the first column"};
    spar::Choice header{this,
                        "header",
                        "whether the first line names the columns; auto: yes, and it has to be "
                        "said where columns are given by number",
                        {"auto", "yes", "no"},
                        {.fallback = "auto"}};
    spar::Choice quotes{this,
                        "quotes",
                        "in tsv, what double quotes around a text are: csv, the marks of a CSV "
                        "writer, which are taken off; text, part of its words; auto, csv where all "
                        "texts or just those that need it are in quotes",
                        {"auto", "csv", "text"},
                        {.fallback = "auto"}};
    spar::Choice targets{this,
                         "targets",
                         "classes; values: every label is a number to predict; none: there are no "
                         "labels, as in data.unlabelled",
                         {"classes", "values", "none"},
                         {.fallback = "classes"}};
    text::Classes classes{this, "classes",
                          "the classes' names in order, or their number; left out, as many as the "
                          "highest label needs, or the names that occur, in the order of their "
                          "bytes"};
    spar::Integer first_label{
        this,
        "first_label",
        "the label of the first class, 1 where they are counted from 1; it becomes class 0",
        {.fallback = 0, .min = -datasets::most_classes, .max = datasets::most_classes}};
    spar::Text label_until{this,
                           "label_until",
                           "a label ends before this: \":\" reads NUM:date as NUM; left out, it is "
                           "all of it",
                           {.optional = true}};
    spar::Choice encoding{this,
                          "encoding",
                          "of the file; utf-16 by its byte order mark, little endian without one",
                          {"utf-8", "latin-1", "utf-16"},
                          {.fallback = "utf-8"}};
    spar::Boolean repair{
        this,
        "repair",
        "with a warning that counts them, instead of an error that names the line: "
        "read U+FFFD for what is not valid UTF-8 and for zero bytes, a space for "
        "the byte 1F, cut texts at 1 MiB, leave out examples without a text",
        {.fallback = false}};

    void configure() override {
        const bool numbers =
            text_column.number() > 0 || text_pair.number() > 0 || label_column.number() > 0;
        if (numbers && header.is("auto"))
            throw spar::invalid(
                "columns are given by number: say \"yes\" if the first line names them, else "
                "\"no\"",
                "/header");
        for (const text::Column *column : {&text_column, &text_pair, &label_column})
            if (header.is("no") && column->named())
                throw spar::invalid("the column \"" + **column +
                                        "\" needs a header that names it; give its number, from 1",
                                    "/" + column->name());
        if (targets.is("none"))
            for (const auto &[name, given] :
                 {std::pair("/label", label_column.given()), std::pair("/classes", classes.given()),
                  std::pair("/label_until", label_until.given())})
                if (given)
                    throw spar::invalid(
                        "says something of labels, and \"targets\" that there are none: leave one "
                        "out",
                        name);
        if (label_until.given() && label_until->empty())
            throw spar::invalid("is empty; leave it out if labels have no end", "/label_until");
    }

    spar::DatasetInfo info() override {
        if (texts_.empty()) open();
        return {.size = std::ssize(texts_),
                .shape = {},
                .outputs = targets_.outputs(),
                .input = SPAR_INPUT_TEXT,
                .target = targets.is("values") ? SPAR_TARGET_VALUES : SPAR_TARGET_CLASS};
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        if (targets.is("values"))
            out.values[0] = targets_.value(index);
        else
            *out.label = targets_.label(index);
    }

    std::string text(std::int64_t index) override {
        if (index < 0 || index >= std::ssize(texts_))
            throw spar::invalid("example " + std::to_string(index) + " was asked of " +
                                std::to_string(texts_.size()));
        return texts_[static_cast<std::size_t>(index)];
    }
    std::string class_name(std::int64_t label) const override { return targets_.name(label); }
    std::vector<std::string> files() const override { return {*file}; }

  private:
    void open() {
        const bool columns =
            text_column.given() || text_pair.given() || label_column.given() || !header.is("auto");
        const text::Reading reading{.format = *format,
                                    .quotes = *quotes,
                                    .encoding = encoding.is("latin-1")  ? datasets::Encoding::latin1
                                                : encoding.is("utf-16") ? datasets::Encoding::utf16
                                                                        : datasets::Encoding::utf8,
                                    .plain = !columns,
                                    .wanted = {text_column, text_pair, label_column,
                                               !header.is("no"), !targets.is("none")}};
        text::Repairs repairs(*file, *repair);
        std::vector<text::Record> records = text::read_records(*file, reading, *this, repairs);
        text::LabelReading labels;
        if (classes.given()) labels.names = *classes;
        labels.rule = {*first_label, classes.count()};
        labels.until = label_until.value_or("");
        labels.values = targets.is("values");
        labels.none = targets.is("none");
        labels.plain = reading.plain &&
                       (format.is("tsv") || (format.is("auto") && text::format_of(*file) == "tsv"));
        targets_ = text::Targets(*file, std::move(labels), records, *this);
        for (text::Record &record : records) texts_.push_back(std::move(record.text));
    }

    std::vector<std::string> texts_;
    text::Targets targets_;
};

}  // namespace

SPAR_PLUGIN("text", "1.0.0", Text)
