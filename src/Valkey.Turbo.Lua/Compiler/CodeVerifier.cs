using static Valkey.Turbo.Lua.Compiler.Instruction;

namespace Valkey.Turbo.Lua.Compiler;

/// <summary>Checks that every instruction of a function stays inside its registers, constants and code.</summary>
/// <remarks>The interpreter reads registers, constants and code without further checks: code that was not verified never runs.</remarks>
internal static class CodeVerifier
{
    internal static void Verify(Prototype prototype)
    {
        ulong[] code = prototype.Code;
        Check(code.Length > 0 && Operation(code[^1]) == Opcode.ReturnNothing);
        Check(prototype.ParameterCount + (prototype.NeedsArgumentTable ? 1 : 0) <= prototype.RegisterCount);
        Check(prototype.RegisterCount <= MaxRegister + 1);
        for (int pc = 0; pc < code.Length; pc++)
        {
            Verify(prototype, pc, code[pc]);
        }
    }

    private static void Verify(Prototype prototype, int pc, ulong instruction)
    {
        int a = A(instruction);
        int b = B(instruction);
        int c = C(instruction);
        int registers = prototype.RegisterCount;
        Register(prototype, a);
        switch (Operation(instruction))
        {
            case Opcode.Move or Opcode.LoadNil or Opcode.GetCell or Opcode.SetCell or Opcode.Negate or Opcode.Not or Opcode.Length:
                Register(prototype, b);
                break;
            case Opcode.LoadConstant:
                Constant(prototype, J(instruction));
                break;
            case Opcode.GetGlobal or Opcode.SetGlobal:
                Text(prototype, J(instruction));
                break;
            case Opcode.GetUpvalue or Opcode.GetCellUpvalue or Opcode.SetCellUpvalue:
                Check(b < prototype.Captures.Length);
                break;
            case Opcode.GetTable or (>= Opcode.Add and <= Opcode.Power):
                Register(prototype, b);
                Register(prototype, c);
                break;
            case Opcode.Concat:
                Register(prototype, c);
                Check(b < c);
                break;
            case Opcode.GetField or Opcode.Self:
                Register(prototype, b);
                Text(prototype, c);
                Check(Operation(instruction) != Opcode.Self || a + 1 < registers);
                break;
            case Opcode.GetInteger:
                Register(prototype, b);
                break;
            case Opcode.SetTable:
                Register(prototype, b);
                Either(prototype, c);
                break;
            case Opcode.SetField:
                Text(prototype, b);
                Either(prototype, c);
                break;
            case Opcode.SetInteger:
                Either(prototype, c);
                break;
            case >= Opcode.AddConstant and <= Opcode.PowerConstant:
                Register(prototype, b);
                Number(prototype, c);
                break;
            case Opcode.SetList or Opcode.Vararg or Opcode.Return:
                Check(a + b <= registers + 1);
                break;
            case Opcode.Closure:
                Closure(prototype, J(instruction));
                break;
            case Opcode.Call:
                Check(a + b <= registers && a + c <= registers + 1);
                break;
            case Opcode.TailCall:
                Check(a + b <= registers);
                break;
            case >= Opcode.Jump and <= Opcode.ForEach:
                Jump(prototype, pc, instruction);
                break;
        }
    }

    private static void Jump(Prototype prototype, int pc, ulong instruction)
    {
        int target = pc + 1 + J(instruction);
        Check(target >= 0 && target < prototype.Code.Length);
        Opcode operation = Operation(instruction);
        int a = A(instruction);
        int b = B(instruction);
        // Whoever jumps back has to pay for it: see the interpreter.
        Check(target > pc || operation is Opcode.Jump or Opcode.ForLoop or Opcode.ForEach);
        switch (operation)
        {
            case Opcode.JumpIfEqual or Opcode.JumpUnlessEqual or (>= Opcode.JumpIfLess and <= Opcode.JumpUnlessLessOrEqual):
                Register(prototype, b);
                break;
            case Opcode.JumpIfEqualConstant or Opcode.JumpUnlessEqualConstant:
                Constant(prototype, b);
                break;
            case >= Opcode.JumpIfLessConstant and <= Opcode.JumpUnlessGreaterOrEqualConstant:
                Number(prototype, b);
                break;
            case Opcode.ForPrepare or Opcode.ForLoop:
                Register(prototype, a + 3);
                break;
            case Opcode.ForEach:
                Register(prototype, a + 2 + Math.Max(3, b));
                break;
        }
    }

    private static void Closure(Prototype prototype, int index)
    {
        Check(index >= 0 && index < prototype.Prototypes.Length);
        foreach (CaptureSource capture in prototype.Prototypes[index].Captures)
        {
            Check(capture.Index >= 0);
            Check(capture.Index < (capture.FromRegister ? prototype.RegisterCount : prototype.Captures.Length));
        }
    }

    private static void Register(Prototype prototype, int register) => Check(register < prototype.RegisterCount);

    private static void Constant(Prototype prototype, int index) => Check(index >= 0 && index < prototype.Constants.Length);

    private static void Text(Prototype prototype, int index)
    {
        Constant(prototype, index);
        Check(prototype.Constants[index].AsString() is not null);
    }

    private static void Number(Prototype prototype, int index)
    {
        Constant(prototype, index);
        Check(prototype.Constants[index].IsNumber);
    }

    private static void Either(Prototype prototype, int field)
    {
        if ((field & ConstantFlag) != 0)
        {
            Constant(prototype, field & ~ConstantFlag);
        }
        else
        {
            Register(prototype, field);
        }
    }

    private static void Check(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("the compiler made code that does not verify");
        }
    }
}
