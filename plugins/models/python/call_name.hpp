// The parameter "call": a file and a name in it.
#pragma once

#include <spar/fields.hpp>

namespace python {

/// "net.py:net": the file relative to the pipeline's, as any file in a pipeline.
class CallName final : public spar::Field {
  public:
    CallName(spar::Record *owner, std::string name, std::string help)
        : Field(owner, std::move(name), std::move(help)) {}

    bool required() const override { return true; }
    void describe(spar::JsonObject &schema, spar::Definitions &) const override {
        schema.text("type", "string").text("x-spar-path-part", "before_colon");
    }
    void read(const spar::Reader &reader) override {
        const char *found = nullptr;
        spar::checked([&](spar_error *e) {
            return reader.host->get_path(reader.params, reader.pointer.c_str(), &found, e);
        });
        const std::string text = found;
        const std::size_t colon = text.rfind(':');
        const std::string wanted = "\"net.py:net\", a Python file and the name of the net in it";
        if (colon == std::string::npos || colon + 1 == text.size())
            throw spar::invalid("expected " + wanted + ", found " + spar::json_text(reader.text()),
                                reader.pointer);
        file = text.substr(0, colon);
        net = text.substr(colon + 1);
        if (!file.ends_with(".py"))
            throw spar::invalid("expected " + wanted + ", found a file that does not end in .py: " +
                                    spar::json_text(reader.text()),
                                reader.pointer);
    }

    std::string file, net;
};

/// A program: a name to look for in $PATH, or a file relative to the pipeline's.
class Program final : public spar::ValueField<std::string> {
  public:
    Program(spar::Record *owner, std::string name, std::string help, std::string fallback)
        : ValueField(owner, std::move(name), std::move(help), std::move(fallback), false) {}

    void describe(spar::JsonObject &schema, spar::Definitions &) const override {
        schema.text("type", "string").text("x-spar-path-part", "with_slash");
        schema.text("default", *fallback());
    }
    void read(const spar::Reader &reader) override {
        const std::string given = reader.text();
        if (given.find('/') == std::string::npos) return set(given);
        const char *found = nullptr;
        spar::checked([&](spar_error *e) {
            return reader.host->get_path(reader.params, reader.pointer.c_str(), &found, e);
        });
        set(found);
    }
};

}  // namespace python
