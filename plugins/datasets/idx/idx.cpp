#include "../common/images.hpp"
#include "idx_file.hpp"

namespace {

class Idx : public spar::Dataset {
  public:
    static constexpr spar::About about{
        .type = "idx",
        .summary =
            "Examples and labels from two IDX files, plain or gzipped, as MNIST is published.",
        .formula =
            "bytes become values in [0,1] as byte/255, or stay as they are in the box [0,255]; "
            "other types are taken as they are; images are [n, channels, height, width], and "
            "[n, h, w] becomes n images [1, h, w]",
        .reference = "LeCun, Cortes and Burges, The MNIST database of handwritten digits",
        .example = R"({"version":2,"name":"idx","seed":1,
 "data":{"train":{"type":"idx","images":"train-images-idx3-ubyte.gz",
                  "labels":"train-labels-idx1-ubyte.gz"},
         "test":{"type":"idx","images":"t10k-images-idx3-ubyte.gz",
                 "labels":"t10k-labels-idx1-ubyte.gz"}},
 "model":{"type":"sequential","layers":[{"type":"flatten"},{"type":"linear","out":10}]},
 "threat":{"norm":"linf","eps":0.1},
 "train":{"method":{"type":"natural"},"loss":{"type":"cross_entropy"},
          "optimizer":{"type":"sgd","lr":0.05},"epochs":1,"batch_size":100},
 "evaluate":{"examples":100,"attacks":[{"type":"fgsm"}]}})",
    };

    spar::Path images{this, "images", "IDX file of the examples, [n, ...]"};
    spar::Path labels{this, "labels", "IDX file of their labels, [n]"};
    datasets::ImageFields fields{this};

    void configure() override { fields.check(); }

    spar::DatasetInfo info() override {
        if (info_.size == 0) open();
        return info_;
    }

    void read(std::int64_t index, const spar::ExampleOut &out) override {
        values_.read(index, out.x);
        *out.label = labels_[index];
    }

    std::vector<std::string> files() const override { return {*images, *labels}; }

  private:
    void open() {
        const idx::File x(*images), y(*labels);
        const datasets::Header examples = datasets::as_examples(x.header(), fields, *this);
        if (!datasets::is_column(y.header()) || !y.header().type.integer())
            throw datasets::no_labels(y.header());
        if (y.header().count() > 0) datasets::check_counts(examples, y.header());
        labels_ = datasets::read_labels(y.array(y.header(), y.read()), fields.rule());
        labels_.advise(*this, *labels);
        values_ = datasets::read_values(x.array(examples, x.read()), fields.bounds(), *this);
        info_ = {.size = examples.count(),
                 .shape = {examples.shape.begin() + 1, examples.shape.end()},
                 .outputs = labels_.classes(),
                 .lower = *fields.lower,
                 .upper = *fields.upper};
    }

    spar::DatasetInfo info_;
    datasets::Values values_;
    datasets::Labels labels_;
};

}  // namespace

SPAR_PLUGIN("idx", "1.0.0", Idx)
